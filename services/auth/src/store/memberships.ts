import { sql, type Insertable } from 'kysely';
import { named, type Tx } from '@idp/database';
import { isRoleKey, type RoleKey } from '../domain/role.ts';
import type { Tables, MembershipsTable } from './tables.ts';

/**
 * False when the user is a member already, invited or suspended included. The predicate is a literal: a partial index is
 * found by proof, and a generic plan can prove nothing about a parameter.
 */
export async function insertMembership(tx: Tx<Tables>, row: Insertable<MembershipsTable>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await named(tx.db, 'auth.insert-membership')
    .insertInto('memberships')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'user_id']).where('status', '<>', sql.lit('removed')).doNothing(),
    )
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** The global side of a membership: same transaction, same status. */
export async function saveUserTenant(
  tx: Tx<Tables>,
  row: { userId: string; status: 'active'; now: Date },
): Promise<void> {
  const values = { status: row.status, last_used_at: row.now.toISOString() };
  await named(tx.db, 'auth.save-user-tenant')
    .insertInto('user_tenants')
    .values({ user_id: row.userId, tenant_id: tx.tenantId, ...values })
    .onConflict((conflict) => conflict.columns(['user_id', 'tenant_id']).doUpdateSet(values))
    .execute();
}

export async function touchUserTenant(tx: Tx<Tables>, userId: string, now: Date): Promise<void> {
  await named(tx.db, 'auth.touch-user-tenant')
    .updateTable('user_tenants')
    .set({ last_used_at: now.toISOString() })
    .where('user_id', '=', userId)
    .where('tenant_id', '=', tx.tenantId)
    .execute();
}

/** The user's place in the transaction's tenant; undefined without an active membership. */
export async function findActiveMember(tx: Tx<Tables>, userId: string): Promise<{ mfaRequired: boolean } | undefined> {
  return named(tx.db, 'auth.active-member')
    .selectFrom('memberships')
    .select('mfa_required as mfaRequired')
    .where('tenant_id', '=', tx.tenantId)
    .where('user_id', '=', userId)
    .where('status', '=', 'active')
    .executeTakeFirst();
}

/** Whether the user is an active member of the transaction's tenant. */
export async function isActiveMember(tx: Tx<Tables>, userId: string): Promise<boolean> {
  return (await findActiveMember(tx, userId)) !== undefined;
}

/** Whether the user belongs to the transaction's tenant, suspended or not. */
export async function hasMembership(tx: Tx<Tables>, userId: string): Promise<boolean> {
  const row = await named(tx.db, 'auth.has-membership')
    .selectFrom('memberships')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('user_id', '=', userId)
    .where('status', '<>', 'removed')
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertTenantRole(
  tx: Tx<Tables>,
  row: { id: string; userId: string; role: RoleKey; grantedBy: string; reason: string; now: Date },
): Promise<void> {
  await named(tx.db, 'auth.insert-tenant-role')
    .insertInto('role_bindings')
    .values({
      id: row.id,
      principal_type: 'user',
      principal_id: row.userId,
      role_id: row.role,
      scope_type: 'tenant',
      scope_id: tx.tenantId,
      starts_at: row.now.toISOString(),
      granted_by: row.grantedBy,
      granted_via: 'direct',
      reason: row.reason,
    })
    .execute();
}

/** System roles the user holds in the whole tenant now; none without an active membership. */
export async function listTenantRoles(tx: Tx<Tables>, userId: string, now: Date): Promise<RoleKey[]> {
  const at = now.toISOString();
  const rows = await named(tx.db, 'auth.tenant-roles')
    .selectFrom('role_bindings')
    .innerJoin('memberships', (join) =>
      join
        .onRef('memberships.tenant_id', '=', 'role_bindings.tenant_id')
        .onRef('memberships.user_id', '=', 'role_bindings.principal_id'),
    )
    .select('role_bindings.role_id')
    .where('role_bindings.tenant_id', '=', tx.tenantId)
    .where('role_bindings.principal_type', '=', 'user')
    .where('role_bindings.principal_id', '=', userId)
    .where('role_bindings.scope_type', '=', 'tenant')
    .where('role_bindings.starts_at', '<=', at)
    .where((where) =>
      where.or([where('role_bindings.expires_at', 'is', null), where('role_bindings.expires_at', '>', at)]),
    )
    .where('role_bindings.condition', 'is', null)
    .where('memberships.status', '=', 'active')
    .orderBy('role_bindings.role_id')
    .execute();
  return [...new Set(rows.map((row) => row.role_id).filter(isRoleKey))];
}

/** Version of what the tenant's members may do; 0 before the first grant. */
export async function getAccessVersion(tx: Tx<Tables>): Promise<number> {
  const row = await named(tx.db, 'auth.access-version')
    .selectFrom('access_versions')
    .select('version')
    .where('tenant_id', '=', tx.tenantId)
    .executeTakeFirst();
  return row?.version ?? 0;
}

/**
 * The next version, never below the clock in milliseconds, so that a database restored from a backup does not go back.
 * Whoever has it holds the row: statements sent after it see what all earlier versions were made of.
 */
export async function advanceAccessVersion(tx: Tx<Tables>, now: Date): Promise<number> {
  const { version } = await named(tx.db, 'auth.advance-access-version')
    .insertInto('access_versions')
    .values({ version: now.getTime() })
    .onConflict((conflict) =>
      conflict.column('tenant_id').doUpdateSet({
        version: sql<number>`greatest(access_versions.version + 1, excluded.version)`,
      }),
    )
    .returning('version')
    .executeTakeFirstOrThrow();
  return version;
}
