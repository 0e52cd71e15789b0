import { createPrivateKey, createPublicKey, generateKeyPairSync, hash } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { platformTenantId } from '@idp/contracts';
import type { Secrets } from '@idp/secrets';
import type { TokenKey, TokenKeys } from '../../src/hostile/tokens/keys.ts';
import type { Platform } from './platform.ts';

/** The key the platform signs tokens with, and keys of ours that it knows as retired and revoked or not at all. */
export async function tokenKeysOf(platform: Platform): Promise<TokenKeys> {
  const active = await activeKey(platform);
  const keys = { retired: makeKey(), revoked: makeKey() };
  for (const [state, { kid, publicJwk }] of Object.entries(keys)) {
    await platform.sql(
      `insert into auth.signing_keys (kid, alg, state, public_jwk, private_sealed) values ($1, 'EdDSA', $2, $3, 'none')`,
      [kid, state, JSON.stringify({ ...publicJwk, kid, alg: 'EdDSA', use: 'sig' })],
    );
  }
  return { active, ...keys, 'other-environment': makeKey() };
}

async function activeKey(platform: Platform): Promise<TokenKeys['active']> {
  const { rows } = (await platform.sql(
    `select kid, private_sealed as sealed from auth.signing_keys where state = 'active'`,
    [],
  )) as { rows: { kid: string; sealed: string }[] };
  const { kid, sealed } = rows[0]!;
  const auth = platform.fleet.services.find(({ name }) => name === 'auth');
  const { secrets } = auth!.context as { secrets: Secrets };
  const target = { table: 'signing_keys', column: 'private_sealed', rowId: kid };
  const opened = await secrets.tenant(platformTenantId).open(target, sealed);
  const key = JSON.parse(opened.toString('utf8')) as JsonWebKey;
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  return { kid, privateKey, publicKey: createPublicKey(privateKey) };
}

function makeKey(): TokenKey & { publicJwk: JsonWebKey } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const publicJwk = publicKey.export({ format: 'jwk' });
  return { kid: hash('sha256', JSON.stringify(publicJwk), 'base64url'), privateKey, publicJwk };
}
