import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { platformTenantId } from '@idp/contracts';
import type { Database } from '@idp/database';
import type { Secrets } from '@idp/secrets';
import type { Tables } from '../store/tables.ts';
import {
  findActiveVerificationKey,
  insertVerificationKey,
  listVerificationKeys,
  type StoredVerificationKey,
} from '../store/verification-keys.ts';
import { readKeys, type CheckpointKeys, type CheckpointSigner } from './checkpoint.ts';

/** The key set of use `audit`. */
export interface AuditKeys {
  /** The key that signs; made at the first call that finds none, and kept in memory from then on. */
  signer(): Promise<CheckpointSigner>;
  /** Every public key there ever was. */
  verifiers(): Promise<CheckpointKeys>;
}

export function createAuditKeys(platform: { database: Database<Tables>; secrets: Secrets }): AuditKeys {
  const { database, secrets } = platform;
  let signer: Promise<CheckpointSigner> | undefined;

  async function load(): Promise<CheckpointSigner> {
    const find = (): Promise<StoredVerificationKey | undefined> =>
      database.global.read((tx) => findActiveVerificationKey(tx, 'audit'));
    let stored = await find();
    if (stored === undefined) {
      const row = await makeKey(secrets);
      await database.global.write((tx) => insertVerificationKey(tx, row), { unaudited: 'first checkpoint' });
      stored = await find();
    }
    if (stored === undefined) throw new Error('no active audit key exists');
    const { kid, privateSealed } = stored;
    const opened = await secrets.tenant(platformTenantId).open(targetOf(kid), privateSealed);
    const jwk = JSON.parse(opened.toString('utf8')) as JsonWebKey;
    return { kid, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) };
  }

  return {
    signer() {
      signer ??= load();
      signer.catch(() => (signer = undefined));
      return signer;
    },
    async verifiers() {
      const keys = await database.global.read((tx) => listVerificationKeys(tx));
      return readKeys(keys.filter(({ use }) => use === 'audit').map(({ publicJwk }) => publicJwk));
    },
  };
}

async function makeKey(secrets: Secrets) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const sealed = await secrets
    .tenant(platformTenantId)
    .seal(targetOf(kid), JSON.stringify(await exportJWK(privateKey)));
  const publicJwk = JSON.stringify({ ...jwk, kid, alg: 'EdDSA', use: 'sig' });
  return { kid, use: 'audit', state: 'active', public_jwk: publicJwk, private_sealed: sealed };
}

function targetOf(kid: string) {
  return { table: 'verification_keys', column: 'private_sealed', rowId: kid };
}
