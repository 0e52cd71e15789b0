import { sql, type Insertable, type Updateable } from 'kysely';
import type { JWK } from 'jose';
import { named, type Tx } from '@idp/database';
import type { SigningKeyLife } from '../domain/signing-key-life.ts';
import type { Tables, VerificationKeysTable } from './tables.ts';

export type VerificationUse = 'audit' | 'access';
/** What it signed is believed for ever: one that was replaced need not retire slowly. */
export type VerificationKeyState = 'next' | 'active' | 'retired';

export interface StoredVerificationKey {
  kid: string;
  use: VerificationUse;
  state: VerificationKeyState;
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

/** The key that signs and the one that waits for its turn, held until the transaction ends with `lock`. */
export async function listVerificationKeyLives(
  tx: Tx<Tables>,
  use: VerificationUse,
  { lock = false }: { lock?: boolean } = {},
): Promise<SigningKeyLife[]> {
  const query = named(tx.db, lock ? 'auth.lock-verification-keys' : 'auth.verification-key-lives')
    .selectFrom('verification_keys')
    .select(({ fn }) => [
      'kid',
      'state',
      'created_at as createdAt',
      fn.coalesce('activated_at', 'created_at').as('activatedAt'),
    ])
    .where('use', '=', use)
    .where('state', 'in', [sql.lit('next'), sql.lit('active')])
    .orderBy('kid');
  const rows = await (lock ? query.forUpdate() : query).execute();
  return rows.map((row) => ({ ...row, state: row.state as VerificationKeyState, retiringAt: null }));
}

/** Publishes a key that waits for its turn. */
export async function insertNextVerificationKey(
  tx: Tx<Tables>,
  row: Omit<Insertable<VerificationKeysTable>, 'state'>,
): Promise<void> {
  await named(tx.db, 'auth.insert-next-verification-key')
    .insertInto('verification_keys')
    .values({ ...row, state: 'next' })
    .execute();
}

/** Moves a key into another state. */
export async function moveVerificationKey(
  tx: Tx<Tables>,
  kid: string,
  change: Pick<Updateable<VerificationKeysTable>, 'activated_at' | 'retired_at'> & { state: VerificationKeyState },
): Promise<void> {
  await named(tx.db, 'auth.move-verification-key')
    .updateTable('verification_keys')
    .set(change)
    .where('kid', '=', kid)
    .execute();
}
