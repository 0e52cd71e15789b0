import { sql, type Insertable, type Updateable } from 'kysely';
import type { JWK } from 'jose';
import { named, type Tx } from '@idp/database';
import type { SigningKeyLife, SigningKeyState } from '../domain/signing-key-life.ts';
import type { Tables, SigningKeysTable } from './tables.ts';

export interface StoredSigningKey {
  kid: string;
  alg: 'EdDSA' | 'ES256';
  state: string;
  publicJwk: JWK;
  privateSealed: string;
}

/** Keys whose signatures are accepted, the active one first. */
export async function listUsableSigningKeys(tx: Tx<Tables>): Promise<StoredSigningKey[]> {
  const rows = await named(tx.db, 'auth.signing-keys')
    .selectFrom('signing_keys')
    .select(['kid', 'alg', 'state', 'public_jwk', 'private_sealed'])
    .where('state', 'in', ['next', 'active', 'retiring'])
    .orderBy('state')
    .orderBy('kid')
    .execute();
  return rows.map((row) => ({
    kid: row.kid,
    alg: row.alg as StoredSigningKey['alg'],
    state: row.state,
    publicJwk: row.public_jwk as JWK,
    privateSealed: row.private_sealed,
  }));
}

/** Every key there ever was, without its parts. */
export function signingKeysQuery(tx: Tx<Tables>) {
  return named(tx.db, 'auth.all-signing-keys')
    .selectFrom('signing_keys')
    .select(['kid', 'alg', 'state', 'created_at', 'activated_at', 'retiring_at', 'retired_at', 'revoked_at']);
}

/** How far every key is in its life. */
export async function listSigningKeyLives(
  tx: Tx<Tables>,
  { lock = false }: { lock?: boolean } = {},
): Promise<SigningKeyLife[]> {
  const query = named(tx.db, lock ? 'auth.lock-signing-keys' : 'auth.signing-key-lives')
    .selectFrom('signing_keys')
    .select(['kid', 'state', 'created_at as createdAt', 'activated_at as activatedAt', 'retiring_at as retiringAt'])
    .orderBy('kid');
  return (await (lock ? query.forUpdate() : query).execute()) as SigningKeyLife[];
}

/** False when there is an active key already; waits for another process that is making one. */
export async function insertActiveSigningKey(tx: Tx<Tables>, row: Insertable<SigningKeysTable>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await named(tx.db, 'auth.insert-first-signing-key')
    .insertInto('signing_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('state').where('state', '=', sql.lit('active')).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function insertSigningKey(tx: Tx<Tables>, row: Insertable<SigningKeysTable>): Promise<void> {
  await named(tx.db, 'auth.insert-signing-key').insertInto('signing_keys').values(row).execute();
}

/** Moves a key into another state. */
export async function moveSigningKey(
  tx: Tx<Tables>,
  kid: string,
  change: Pick<Updateable<SigningKeysTable>, 'activated_at' | 'retiring_at' | 'retired_at' | 'revoked_at'> & {
    state: SigningKeyState;
  },
): Promise<void> {
  await named(tx.db, 'auth.move-signing-key').updateTable('signing_keys').set(change).where('kid', '=', kid).execute();
}
