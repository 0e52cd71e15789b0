import type { Insertable, Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { ClientKeys } from '../../domain/client-keys.ts';
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
  /** Null: it proves itself by API keys alone. */
  jwks: ClientKeys | null;
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

/** Whether the tenant has this organization, team or project; a tenant has itself. */
export async function scopeExists(tx: Tx<Tables>, { type, id }: { type: ScopeType; id: string }): Promise<boolean> {
  if (type === 'tenant') return id === tx.tenantId;
  const table = ({ organization: 'organizations', team: 'teams', project: 'projects' } as const)[type];
  const row = await named(tx.db, 'auth.scope-exists')
    .selectFrom(table)
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/** Keys of the roles bound to a living service account in the whole tenant now. */
export async function listServiceAccountRoles(tx: Tx<Tables>, id: string, now: Date): Promise<string[]> {
  const at = now.toISOString();
  const rows = await named(tx.db, 'auth.service-account-roles')
    .selectFrom('role_bindings')
    .innerJoin('service_accounts', (join) =>
      join
        .onRef('service_accounts.tenant_id', '=', 'role_bindings.tenant_id')
        .onRef('service_accounts.id', '=', 'role_bindings.principal_id'),
    )
    .select('role_bindings.role_id')
    .where('role_bindings.tenant_id', '=', tx.tenantId)
    .where('role_bindings.principal_type', '=', 'service-account')
    .where('role_bindings.principal_id', '=', id)
    .where('role_bindings.scope_type', '=', 'tenant')
    .where('role_bindings.starts_at', '<=', at)
    .where((where) =>
      where.or([where('role_bindings.expires_at', 'is', null), where('role_bindings.expires_at', '>', at)]),
    )
    .where('role_bindings.condition', 'is', null)
    .where('service_accounts.deleted_at', 'is', null)
    .execute();
  return rows.map((row) => row.role_id);
}
