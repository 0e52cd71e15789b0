import { sql, type Insertable } from 'kysely';
import type { JWK } from 'jose';
import { named, type Tx } from '@idp/database';
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

/** False when there is an active key already; waits for another process that is making one. */
export async function insertActiveSigningKey(tx: Tx<Tables>, row: Insertable<SigningKeysTable>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await named(tx.db, 'auth.insert-signing-key')
    .insertInto('signing_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('state').where('state', '=', sql.lit('active')).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}
