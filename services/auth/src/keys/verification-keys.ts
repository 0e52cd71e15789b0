import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { readVerificationKeys, type TextSigner, type VerificationKeys } from '@idp/auth';
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
import { makeSealedKeyPair, openPrivateKey } from './sealed-key-pair.ts';

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
      const row = { ...(await makeSealedKeyPair(secrets, 'verification_keys')), use, state: 'active' };
      await database.global.write((tx) => insertVerificationKey(tx, row), { unaudited: 'the first key of its use' });
      stored = await find();
    }
    if (stored === undefined) throw new Error(`no active key of use ${use} exists`);
    const jwk = (await openPrivateKey(secrets, 'verification_keys', stored)) as JsonWebKey;
    return { kid: stored.kid, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) };
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
