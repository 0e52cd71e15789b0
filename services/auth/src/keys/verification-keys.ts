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
  /**
   * The key that signs; made by the first call that finds none, and read again now and then: a process may sign with one that was replaced
   * a moment ago, as that verifies for ever. Not to be called inside a transaction.
   */
  signer(): Promise<TextSigner>;
  /** What `signer` last answered, for transactions. Throws before it ever has. */
  held(): TextSigner;
  /** Every public key there ever was. */
  verifiers(): Promise<VerificationKeys>;
  /** Somebody has changed the keys. */
  changed(): void;
}

const freshMs = 30_000;

export function createVerificationKeySet(options: {
  database: Database<Tables>;
  secrets: Secrets;
  use: VerificationUse;
  clock: () => Date;
}): VerificationKeySet {
  const { database, secrets, use, clock } = options;
  let known: TextSigner | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let changes = 0;
  let reading: Promise<void> | undefined;

  async function find(): Promise<StoredVerificationKey> {
    const active = () => database.global.read((tx) => findActiveVerificationKey(tx, use));
    const stored = await active();
    if (stored !== undefined) return stored;
    const row = { ...(await makeSealedKeyPair(secrets, 'verification_keys')), use, state: 'active' };
    const createdAt = clock().toISOString();
    const first = { ...row, created_at: createdAt, activated_at: createdAt };
    await database.global.write((tx) => insertVerificationKey(tx, first), { unaudited: 'the first key of its use' });
    const made = await active();
    if (made === undefined) throw new Error(`no active key of use ${use} exists`);
    return made;
  }

  async function read(): Promise<void> {
    const [begun, startedAt] = [changes, clock().getTime()];
    const stored = await find();
    if (stored.kid !== known?.kid) {
      const jwk = (await openPrivateKey(secrets, 'verification_keys', stored)) as JsonWebKey;
      known = { kid: stored.kid, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) };
    }
    // What changed while this was read is read the next time.
    if (begun === changes) readAt = startedAt;
  }

  const held = (): TextSigner => {
    if (known === undefined) throw new Error(`no key of use ${use} was read yet`);
    return known;
  };

  return {
    held,
    async signer() {
      if (clock().getTime() - readAt >= freshMs) {
        reading ??= read().finally(() => (reading = undefined));
        // While database or key provider are away, what is known goes on signing.
        await reading.catch((error: unknown) => {
          if (known === undefined) throw error;
        });
      }
      return held();
    },
    async verifiers() {
      const keys = await database.global.read((tx) => listVerificationKeys(tx));
      return readVerificationKeys(keys.filter((key) => key.use === use).map(({ publicJwk }) => publicJwk));
    },
    changed() {
      changes += 1;
      readAt = Number.NEGATIVE_INFINITY;
    },
  };
}
