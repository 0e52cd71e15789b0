import { platformTenantId } from '@idp/contracts';
import type { Secrets } from '@idp/secrets';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

/** The row of a new key that waits for its turn. Not inside a transaction: sealing may ask the key provider. */
export async function makeSigningKey(secrets: Secrets, now: Date) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const sealed = await secrets
    .tenant(platformTenantId)
    .seal(targetOf(kid), JSON.stringify(await exportJWK(privateKey)));
  return {
    kid,
    alg: 'EdDSA' as const,
    state: 'next' as const,
    public_jwk: JSON.stringify({ ...jwk, kid, alg: 'EdDSA', use: 'sig' }),
    private_sealed: sealed,
    created_at: now.toISOString(),
  };
}

/** What the sealed private part is bound to. */
export function targetOf(kid: string) {
  return { table: 'signing_keys', column: 'private_sealed', rowId: kid };
}
