import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { readVerificationKeys, type TextSigner, type VerificationKeys } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import type { Database } from '@idp/database';
import type { Secrets } from '@idp/secrets';
import type { Tables } from '../store/tables.ts';
import {
  findActiveVerificationKey,
  insertVerificationKey,
  listVerificationKeys,
  type StoredVerificationKey,
  type VerificationUse,
} from '../store/verification-keys.ts';

/** Keys of one use: what they sign is verified long after. */
export interface VerificationKeySet {
  /** The key that signs; made at the first call that finds none, and kept in memory from then on. */
  signer(): Promise<TextSigner>;
  /** Every public key there ever was. */
  verifiers(): Promise<VerificationKeys>;
}

export function createVerificationKeySet(options: {
  database: Database<Tables>;
  secrets: Secrets;
  use: VerificationUse;
}): VerificationKeySet {
  const { database, secrets, use } = options;
  let signer: Promise<TextSigner> | undefined;

  async function load(): Promise<TextSigner> {
    const find = (): Promise<StoredVerificationKey | undefined> =>
      database.global.read((tx) => findActiveVerificationKey(tx, use));
    let stored = await find();
    if (stored === undefined) {
      const row = await makeKey(secrets, use);
      await database.global.write((tx) => insertVerificationKey(tx, row), { unaudited: 'the first key of its use' });
      stored = await find();
    }
    if (stored === undefined) throw new Error(`no active key of use ${use} exists`);
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
      return readVerificationKeys(keys.filter((key) => key.use === use).map(({ publicJwk }) => publicJwk));
    },
  };
}

async function makeKey(secrets: Secrets, use: VerificationUse) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const sealed = await secrets
    .tenant(platformTenantId)
    .seal(targetOf(kid), JSON.stringify(await exportJWK(privateKey)));
  const publicJwk = JSON.stringify({ ...jwk, kid, alg: 'EdDSA', use: 'sig' });
  return { kid, use, state: 'active', public_jwk: publicJwk, private_sealed: sealed };
}

function targetOf(kid: string) {
  return { table: 'verification_keys', column: 'private_sealed', rowId: kid };
}
