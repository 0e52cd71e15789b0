import { platformTenantId } from '@idp/contracts';
import type { SigningKey } from '@idp/auth';
import type { Database } from '@idp/database';
import type { Secrets } from '@idp/secrets';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { insertActiveSigningKey, listUsableSigningKeys, type StoredSigningKey } from '../store/signing-keys.ts';
import type { Tables } from '../store/tables.ts';

export interface SigningKeys {
  /** The key that signs now. */
  active: SigningKey;
  /** Public keys that verifiers accept (RFC 7517), with `kid`, `alg` and `use`. */
  published: readonly JWK[];
}

/**
 * The platform's token keys, made at the first start; of two processes that start at once one makes the key and both
 * use it. Held in memory from then on, so tokens are issued while the key provider is away.
 */
export async function loadSigningKeys(platform: {
  database: Database<Tables>;
  secrets: Secrets;
}): Promise<SigningKeys> {
  const { database, secrets } = platform;
  let stored = await database.global.read((tx) => listUsableSigningKeys(tx));
  if (activeOf(stored) === undefined) {
    const row = await makeSigningKey(secrets);
    await database.global.write((tx) => insertActiveSigningKey(tx, row), { unaudited: 'first start' });
    stored = await database.global.read((tx) => listUsableSigningKeys(tx));
  }
  const key = activeOf(stored);
  if (key === undefined) throw new Error('no active signing key exists');
  const opened = await secrets.tenant(platformTenantId).open(targetOf(key.kid), key.privateSealed);
  const privateKey = (await importJWK(JSON.parse(opened.toString('utf8')) as JWK, key.alg)) as CryptoKey;
  return { active: { kid: key.kid, alg: key.alg, privateKey }, published: stored.map((one) => one.publicJwk) };
}

async function makeSigningKey(secrets: Secrets) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const sealed = await secrets
    .tenant(platformTenantId)
    .seal(targetOf(kid), JSON.stringify(await exportJWK(privateKey)));
  return {
    kid,
    alg: 'EdDSA' as const,
    state: 'active' as const,
    public_jwk: JSON.stringify({ ...jwk, kid, alg: 'EdDSA', use: 'sig' }),
    private_sealed: sealed,
    activated_at: new Date().toISOString(),
  };
}

function activeOf(keys: readonly StoredSigningKey[]): StoredSigningKey | undefined {
  return keys.find((key) => key.state === 'active');
}

function targetOf(kid: string) {
  return { table: 'signing_keys', column: 'private_sealed', rowId: kid };
}
