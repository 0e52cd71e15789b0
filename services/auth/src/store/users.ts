import type { Insertable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { UserStatus } from '../domain/states.ts';
import type { Tables, UsersTable } from './tables.ts';

/** What sign-in needs of an account. */
export interface Account {
  id: string;
  email: string;
  name: string;
  status: UserStatus;
  tokenEpoch: number;
  /** Absent for accounts that sign in elsewhere. */
  phc?: string;
}

export async function findAccountByEmail(tx: Tx<Tables>, emailNorm: string): Promise<Account | undefined> {
  const row = await named(tx.db, 'auth.account-by-email')
    .selectFrom('users')
    .leftJoin('user_passwords', 'user_passwords.user_id', 'users.id')
    .select(['users.id', 'users.email', 'users.name', 'users.status', 'users.token_epoch', 'user_passwords.phc'])
    .where('users.email_norm', '=', emailNorm)
    .where('users.erased_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { id, email, name, token_epoch: tokenEpoch, phc } = row;
  return { id, email, name, status: row.status as UserStatus, tokenEpoch, ...(phc === null ? {} : { phc }) };
}

export interface UserProfile {
  id: string;
  email: string;
  emailVerified: boolean;
  name: string;
  avatarUrl: string | null;
  locale: string | null;
  timezone: string | null;
  status: UserStatus;
  tokenEpoch: number;
  createdAt: string;
}

export async function findUser(tx: Tx<Tables>, id: string): Promise<UserProfile | undefined> {
  const row = await named(tx.db, 'auth.user')
    .selectFrom('users')
    .select([
      'id',
      'email',
      'email_verified_at',
      'name',
      'avatar_url',
      'locale',
      'timezone',
      'status',
      'token_epoch',
      'created_at',
    ])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    email: row.email,
    emailVerified: row.email_verified_at !== null,
    name: row.name,
    avatarUrl: row.avatar_url,
    locale: row.locale,
    timezone: row.timezone,
    status: row.status as UserStatus,
    tokenEpoch: row.token_epoch,
    createdAt: row.created_at,
  };
}

export async function anyUserExists(tx: Tx<Tables>): Promise<boolean> {
  return (
    (await named(tx.db, 'auth.any-user').selectFrom('users').select('id').limit(1).executeTakeFirst()) !== undefined
  );
}

/** False when the address has an account already. */
export async function insertUser(tx: Tx<Tables>, row: Insertable<UsersTable>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await named(tx.db, 'auth.insert-user')
    .insertInto('users')
    .values(row)
    .onConflict((conflict) => conflict.column('email_norm').where('erased_at', 'is', null).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function setPasswordHash(tx: Tx<Tables>, userId: string, phc: string, now: Date): Promise<void> {
  await named(tx.db, 'auth.set-password')
    .insertInto('user_passwords')
    .values({ user_id: userId, phc, changed_at: now.toISOString() })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ phc }))
    .execute();
}

/** A new password, not a new hash of the same one. */
export async function changePasswordHash(tx: Tx<Tables>, userId: string, phc: string, now: Date): Promise<void> {
  await named(tx.db, 'auth.change-password')
    .updateTable('user_passwords')
    .set({ phc, changed_at: now.toISOString(), must_change: false })
    .where('user_id', '=', userId)
    .execute();
}
