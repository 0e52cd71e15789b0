import { platformTenantId } from '@idp/contracts';
import type { Secrets } from '@idp/secrets';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';

/** Tables whose rows hold a key pair, the private half sealed for the platform and bound to the row. */
type KeyTable = 'signing_keys' | 'verification_keys';

/** Columns of a new Ed25519 pair. Not inside a transaction: sealing may ask the key provider. */
export async function makeSealedKeyPair(
  secrets: Secrets,
  table: KeyTable,
): Promise<{ kid: string; public_jwk: string; private_sealed: string }> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const text = JSON.stringify(await exportJWK(privateKey));
  return {
    kid,
    public_jwk: JSON.stringify({ ...jwk, kid, alg: 'EdDSA', use: 'sig' }),
    private_sealed: await secrets.tenant(platformTenantId).seal(targetOf(table, kid), text),
  };
}

/** The private half of a stored pair. */
export async function openPrivateKey(
  secrets: Secrets,
  table: KeyTable,
  { kid, privateSealed }: { kid: string; privateSealed: string },
): Promise<JWK> {
  const opened = await secrets.tenant(platformTenantId).open(targetOf(table, kid), privateSealed);
  return JSON.parse(opened.toString('utf8')) as JWK;
}

function targetOf(table: KeyTable, kid: string) {
  return { table, column: 'private_sealed', rowId: kid };
}
