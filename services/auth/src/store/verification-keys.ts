import { sql, type Insertable } from 'kysely';
import type { JWK } from 'jose';
import { named, type Tx } from '@idp/database';
import type { Tables, VerificationKeysTable } from './tables.ts';

export type VerificationUse = 'audit' | 'access';

export interface StoredVerificationKey {
  kid: string;
  use: VerificationUse;
  state: 'active' | 'retired';
  publicJwk: JWK;
  privateSealed: string;
}

/** Every key there ever was, oldest first. */
export async function listVerificationKeys(tx: Tx<Tables>): Promise<Omit<StoredVerificationKey, 'privateSealed'>[]> {
  const rows = await named(tx.db, 'auth.verification-keys')
    .selectFrom('verification_keys')
    .select(['kid', 'use', 'state', 'public_jwk as publicJwk'])
    .orderBy('created_at')
    .orderBy('kid')
    .execute();
  return rows as Omit<StoredVerificationKey, 'privateSealed'>[];
}

export async function findActiveVerificationKey(
  tx: Tx<Tables>,
  use: VerificationUse,
): Promise<StoredVerificationKey | undefined> {
  const row = await named(tx.db, 'auth.active-verification-key')
    .selectFrom('verification_keys')
    .select(['kid', 'use', 'state', 'public_jwk as publicJwk', 'private_sealed as privateSealed'])
    .where('use', '=', use)
    .where('state', '=', sql.lit('active'))
    .executeTakeFirst();
  return row as StoredVerificationKey | undefined;
}

/** Does nothing when there is an active key of this use already; waits for another process that is making one. */
export async function insertVerificationKey(tx: Tx<Tables>, row: Insertable<VerificationKeysTable>): Promise<void> {
  await named(tx.db, 'auth.insert-verification-key')
    .insertInto('verification_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('use').where('state', '=', sql.lit('active')).doNothing())
    .execute();
}
