import type { Insertable, Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { ServiceAccountsTable, Tables } from '../tables.ts';

const columns = [
  'id',
  'name',
  'description',
  'scope_type',
  'scope_id',
  'jwks',
  'version',
  'created_at',
  'updated_at',
] as const;

export type ScopeType = 'tenant' | 'organization' | 'team' | 'project';

export interface ServiceAccountRow {
  id: string;
  name: string;
  description: string;
  scope_type: ScopeType;
  scope_id: string;
  jwks: unknown;
  version: number;
  created_at: string;
  updated_at: string;
}

export function serviceAccountsQuery(tx: Tx<Tables>, name = 'auth.service-accounts') {
  return named(tx.db, name)
    .selectFrom('service_accounts')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null);
}

export async function findServiceAccount(tx: Tx<Tables>, id: string): Promise<ServiceAccountRow | undefined> {
  const row = await serviceAccountsQuery(tx, 'auth.service-account').where('id', '=', id).executeTakeFirst();
  return row as ServiceAccountRow | undefined;
}

/** The same, locked to the end of the transaction. */
export async function lockServiceAccount(tx: Tx<Tables>, id: string): Promise<ServiceAccountRow | undefined> {
  const row = await serviceAccountsQuery(tx, 'auth.lock-service-account')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row as ServiceAccountRow | undefined;
}

/** ConflictError of the constraint when the name is taken. */
export async function insertServiceAccount(tx: Tx<Tables>, row: Insertable<ServiceAccountsTable>): Promise<void> {
  await named(tx.db, 'auth.insert-service-account').insertInto('service_accounts').values(row).execute();
}

/** Changes an account and lets its version grow. */
export async function updateServiceAccount(
  tx: Tx<Tables>,
  id: string,
  change: Omit<Updateable<ServiceAccountsTable>, 'version'>,
): Promise<void> {
  await named(tx.db, 'auth.update-service-account')
    .updateTable('service_accounts')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .execute();
}
