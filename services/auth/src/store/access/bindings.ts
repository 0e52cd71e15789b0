import type { BindingPrincipalType, ScopeType } from '@idp/auth';
import { sql, type Insertable, type Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { RoleBindingsTable, Tables } from '../tables.ts';

const columns = [
  'id',
  'principal_type as principalType',
  'principal_id as principalId',
  'role_id as roleId',
  'scope_type as scopeType',
  'scope_id as scopeId',
  'starts_at as startsAt',
  'expires_at as expiresAt',
  'condition',
  'granted_by as grantedBy',
  'granted_via as grantedVia',
  'reason',
  'version',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

/** Somebody holds a role in a scope for a time. */
export interface Binding {
  id: string;
  principalType: BindingPrincipalType;
  principalId: string;
  roleId: string;
  scopeType: ScopeType;
  scopeId: string;
  startsAt: string;
  expiresAt: string | null;
  condition: string | null;
  grantedBy: string;
  grantedVia: string;
  reason: string | null;
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface BindingFilter {
  principalType?: BindingPrincipalType | undefined;
  principalId?: string | undefined;
  roleId?: string | undefined;
  scopeType?: ScopeType | undefined;
  scopeId?: string | undefined;
}

export function selectBindings(tx: Tx<Tables>, filter: BindingFilter = {}, name = 'auth.list-bindings') {
  let query = named(tx.db, name).selectFrom('role_bindings').select(columns).where('tenant_id', '=', tx.tenantId);
  if (filter.principalType !== undefined) query = query.where('principal_type', '=', filter.principalType);
  if (filter.principalId !== undefined) query = query.where('principal_id', '=', filter.principalId);
  if (filter.roleId !== undefined) query = query.where('role_id', '=', filter.roleId);
  if (filter.scopeType !== undefined) query = query.where('scope_type', '=', filter.scopeType);
  if (filter.scopeId !== undefined) query = query.where('scope_id', '=', filter.scopeId);
  return query;
}

export async function findBinding(tx: Tx<Tables>, id: string): Promise<Binding | undefined> {
  const row = await selectBindings(tx, {}, 'auth.binding').where('id', '=', id).executeTakeFirst();
  return row as Binding | undefined;
}

/** Undefined when the principal holds the role in the scope from that moment on already. */
export async function insertBindingRow(
  tx: Tx<Tables>,
  row: Insertable<RoleBindingsTable>,
): Promise<Binding | undefined> {
  const made = await named(tx.db, 'auth.grant-role')
    .insertInto('role_bindings')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'principal_type', 'principal_id', 'role_id', 'scope_type', 'scope_id', 'starts_at'])
        .doNothing(),
    )
    .returning(columns)
    .executeTakeFirst();
  return made as Binding | undefined;
}

export async function saveBinding(tx: Tx<Tables>, id: string, change: Updateable<RoleBindingsTable>): Promise<Binding> {
  const saved = await named(tx.db, 'auth.save-binding')
    .updateTable('role_bindings')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
  return saved as Binding;
}

export async function deleteBinding(tx: Tx<Tables>, id: string): Promise<void> {
  await named(tx.db, 'auth.revoke-role')
    .deleteFrom('role_bindings')
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .execute();
}

/** Takes away bindings that have come to their end, the first of them first; at most `limit`. */
export async function deleteExpiredBindings(tx: Tx<Tables>, now: Date, limit: number): Promise<Binding[]> {
  const rows = await named(tx.db, 'auth.delete-expired-bindings')
    .deleteFrom('role_bindings')
    .where('tenant_id', '=', tx.tenantId)
    .where('id', 'in', (query) =>
      query
        .selectFrom('role_bindings')
        .select('id')
        .where('tenant_id', '=', tx.tenantId)
        .where('expires_at', '<=', now.toISOString())
        .orderBy('expires_at')
        .limit(limit),
    )
    .returning(columns)
    .execute();
  return rows as Binding[];
}

/** Takes all bindings to a role away; who held it. */
export async function deleteBindingsOfRole(
  tx: Tx<Tables>,
  roleId: string,
): Promise<{ type: BindingPrincipalType; id: string }[]> {
  const rows = await named(tx.db, 'auth.delete-bindings-of-role')
    .deleteFrom('role_bindings')
    .where('tenant_id', '=', tx.tenantId)
    .where('role_id', '=', roleId)
    .returning(['principal_type', 'principal_id'])
    .execute();
  return rows.map((row) => ({ type: row.principal_type as BindingPrincipalType, id: row.principal_id }));
}

/** Conditions of the bindings to any of the roles, each text once. */
export async function listBindingConditions(tx: Tx<Tables>, roleIds: readonly string[]): Promise<string[]> {
  const rows = await named(tx.db, 'auth.binding-conditions')
    .selectFrom('role_bindings')
    .select('condition')
    .distinct()
    .where('tenant_id', '=', tx.tenantId)
    .where('role_id', '=', sql<string>`any(${[...roleIds]}::text[])`)
    .where('condition', 'is not', null)
    .execute();
  return rows.map(({ condition }) => condition!);
}
