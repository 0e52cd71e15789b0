import { sql } from 'kysely';
import { named, type Tx } from '@idp/database';
import { isOwnRole } from '../../domain/role.ts';
import type { Tables } from '../tables.ts';

/** Characters of the id of a role that a tenant has made; no key of a system role is as long. */
const uuidLength = 36;

/** Where a binding holds. */
export interface BindingScope {
  type: 'tenant' | 'organization' | 'team' | 'project';
  id: string;
}

export interface NewBinding {
  id: string;
  principal: { type: 'user' | 'team' | 'service-account'; id: string };
  role: string;
  scope: BindingScope;
  grantedBy: string;
  grantedVia: 'direct' | 'invitation';
  reason: string;
  now: Date;
}

export async function insertBinding(tx: Tx<Tables>, binding: NewBinding): Promise<void> {
  const { id, principal, role, scope, grantedBy, grantedVia, reason, now } = binding;
  await named(tx.db, 'auth.insert-binding')
    .insertInto('role_bindings')
    .values({
      id,
      principal_type: principal.type,
      principal_id: principal.id,
      role_id: role,
      scope_type: scope.type,
      scope_id: scope.id,
      starts_at: now.toISOString(),
      granted_by: grantedBy,
      granted_via: grantedVia,
      reason,
    })
    .execute();
}

/** Takes from a principal what it holds directly in a scope, or its system roles alone; the roles it held. */
export async function deleteBindingsInScope(
  tx: Tx<Tables>,
  principal: NewBinding['principal'],
  scope: BindingScope,
  { systemRoles = false } = {},
): Promise<string[]> {
  const rows = await named(tx.db, `auth.delete-${systemRoles ? 'system-roles' : 'bindings'}-in-scope`)
    .deleteFrom('role_bindings')
    .where('tenant_id', '=', tx.tenantId)
    .where('principal_type', '=', principal.type)
    .where('principal_id', '=', principal.id)
    .where('scope_type', '=', scope.type)
    .where('scope_id', '=', scope.id)
    .$if(systemRoles, (query) => query.where(sql`length(role_id)`, '<>', uuidLength))
    .returning('role_id')
    .execute();
  return rows.map(({ role_id: role }) => role);
}

/** Takes from a principal everything it holds in the tenant. */
export async function deleteBindingsOf(tx: Tx<Tables>, principal: NewBinding['principal']): Promise<void> {
  await named(tx.db, 'auth.delete-bindings-of')
    .deleteFrom('role_bindings')
    .where('tenant_id', '=', tx.tenantId)
    .where('principal_type', '=', principal.type)
    .where('principal_id', '=', principal.id)
    .execute();
}

/** What anybody holds in a scope goes with the scope; who held something there. */
export async function deleteBindingsAt(tx: Tx<Tables>, scope: BindingScope): Promise<NewBinding['principal'][]> {
  const rows = await named(tx.db, 'auth.delete-bindings-at')
    .deleteFrom('role_bindings')
    .where('tenant_id', '=', tx.tenantId)
    .where('scope_type', '=', scope.type)
    .where('scope_id', '=', scope.id)
    .returning(['principal_type', 'principal_id'])
    .execute();
  return rows.map((row) => ({
    type: row.principal_type as NewBinding['principal']['type'],
    id: row.principal_id,
  }));
}

/** System roles users hold in a scope now, by user. */
export async function listRolesAt(
  tx: Tx<Tables>,
  scope: BindingScope,
  { userIds, now }: { userIds: readonly string[]; now: Date },
): Promise<ReadonlyMap<string, string[]>> {
  const at = now.toISOString();
  const rows = await named(tx.db, 'auth.roles-at')
    .selectFrom('role_bindings')
    .select(['principal_id', 'role_id'])
    .where('tenant_id', '=', tx.tenantId)
    .where('scope_type', '=', scope.type)
    .where('scope_id', '=', scope.id)
    .where('principal_type', '=', 'user')
    .where('principal_id', '=', sql<string>`any(${[...userIds]}::uuid[])`)
    .where('starts_at', '<=', at)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', at)]))
    .orderBy('role_id')
    .execute();
  const roles = new Map<string, string[]>();
  for (const { principal_id: user, role_id: role } of rows) {
    if (isOwnRole(role)) continue;
    const held = roles.get(user) ?? [];
    if (!held.includes(role)) held.push(role);
    roles.set(user, held);
  }
  return roles;
}

/** Whether an active member holds the role in the scope for good: but for one user, or by another binding than one. */
export async function hasOtherHolder(
  tx: Tx<Tables>,
  {
    role,
    scope,
    except,
    now,
  }: { role: string; scope: BindingScope; except: { userId: string } | { bindingId: string }; now: Date },
): Promise<boolean> {
  const [column, id] =
    'userId' in except
      ? (['role_bindings.principal_id', except.userId] as const)
      : (['role_bindings.id', except.bindingId] as const);
  const row = await named(tx.db, 'auth.other-holder')
    .selectFrom('role_bindings')
    .innerJoin('memberships', (join) =>
      join
        .onRef('memberships.tenant_id', '=', 'role_bindings.tenant_id')
        .onRef('memberships.user_id', '=', 'role_bindings.principal_id'),
    )
    .innerJoin('users', 'users.id', 'role_bindings.principal_id')
    .select('role_bindings.id')
    .where('role_bindings.tenant_id', '=', tx.tenantId)
    .where('role_bindings.scope_type', '=', scope.type)
    .where('role_bindings.scope_id', '=', scope.id)
    .where('role_bindings.role_id', '=', role)
    .where('role_bindings.principal_type', '=', 'user')
    .where(column, '<>', id)
    .where('role_bindings.starts_at', '<=', now.toISOString())
    .where('role_bindings.expires_at', 'is', null)
    .where('role_bindings.condition', 'is', null)
    .where('memberships.status', '=', 'active')
    .where('users.status', '=', 'active')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
