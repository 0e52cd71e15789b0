import { named, type Tx } from '@idp/database';
import type { UserStatus } from '../../domain/states.ts';
import type { Tables } from '../tables.ts';

/** An account as its administration sees it. */
export interface AccountRow {
  id: string;
  email: string;
  emailNorm: string;
  name: string;
  locale: string | null;
  timezone: string | null;
  status: UserStatus;
  homeTenantId: string | null;
  managedBy: string | null;
}

const columns = [
  'id',
  'email',
  'email_norm as emailNorm',
  'name',
  'locale',
  'timezone',
  'status',
  'home_tenant_id as homeTenantId',
  'managed_by as managedBy',
] as const;

export async function findAccount(tx: Tx<Tables>, userId: string): Promise<AccountRow | undefined> {
  const row = await named(tx.db, 'auth.account-row')
    .selectFrom('users')
    .select(columns)
    .where('id', '=', userId)
    .executeTakeFirst();
  return row as AccountRow | undefined;
}

export async function lockAccount(tx: Tx<Tables>, userId: string): Promise<AccountRow | undefined> {
  const row = await named(tx.db, 'auth.lock-account')
    .selectFrom('users')
    .select(columns)
    .where('id', '=', userId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row as AccountRow | undefined;
}

/** Every access token made before stops counting; the account's new version, and the epoch its tokens have from now on. */
export async function setAccountStatus(
  tx: Tx<Tables>,
  userId: string,
  { status, actor, now }: { status: UserStatus; actor: string; now: Date },
): Promise<{ version: number; epoch: number }> {
  return named(tx.db, 'auth.set-account-status')
    .updateTable('users')
    .set((update) => ({
      status,
      token_epoch: update('token_epoch', '+', 1),
      version: update('version', '+', 1),
      updated_at: now.toISOString(),
      updated_by: actor,
    }))
    .where('id', '=', userId)
    .returning(['version', 'token_epoch as epoch'])
    .executeTakeFirstOrThrow();
}

/** Tenants the user is or was kept in, whatever its state there; none for a membership that has ended. */
export async function listTenantsWithUser(tx: Tx<Tables>, userId: string): Promise<string[]> {
  const rows = await named(tx.db, 'auth.tenants-with-user')
    .selectFrom('user_tenants')
    .select('tenant_id')
    .where('user_id', '=', userId)
    .where('status', '<>', 'removed')
    .orderBy('tenant_id')
    .execute();
  return rows.map(({ tenant_id: id }) => id);
}
