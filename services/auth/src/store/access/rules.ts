import type { PolicyRecord, RoleRecord, TenantRecord } from '@idp/auth';
import { named, type Tx } from '@idp/database';
import { sql } from 'kysely';
import type { TenantConfig } from '../../domain/tenant-config.ts';
import type { Tables } from '../tables.ts';

/** The roles a tenant has made, with their rules in the order they were given. */
export async function listAccessRoles(tx: Tx<Tables>): Promise<({ id: string } & RoleRecord)[]> {
  const [roles, rules, parents] = await Promise.all([
    named(tx.db, 'auth.access-roles')
      .selectFrom('roles')
      .select(['id', 'name'])
      .where('tenant_id', '=', tx.tenantId)
      .execute(),
    named(tx.db, 'auth.access-role-rules')
      .selectFrom('role_rules')
      .select(['role_id', 'permission', 'effect', 'condition'])
      .where('tenant_id', '=', tx.tenantId)
      .orderBy('position')
      .execute(),
    named(tx.db, 'auth.access-role-parents')
      .selectFrom('role_parents')
      .select(['role_id', 'parent_role_id'])
      .where('tenant_id', '=', tx.tenantId)
      .execute(),
  ]);
  const rulesOf = Map.groupBy(rules, ({ role_id: role }) => role);
  const parentsOf = Map.groupBy(parents, ({ role_id: role }) => role);
  return roles.map(({ id, name }) => ({
    id,
    name,
    rules: (rulesOf.get(id) ?? []).map(({ permission, effect, condition }) => ({
      permission,
      effect: effect as 'allow' | 'deny',
      ...(condition !== null && { condition }),
    })),
    parentRoleIds: (parentsOf.get(id) ?? []).map(({ parent_role_id: parent }) => parent),
  }));
}

/** Those in force. */
export async function listAccessPolicies(tx: Tx<Tables>): Promise<PolicyRecord[]> {
  const rows = await named(tx.db, 'auth.access-policies')
    .selectFrom('policies')
    .select(['id', 'name', 'effect', 'permissions', 'subjects', 'scope_type', 'scope_id', 'condition'])
    .where('tenant_id', '=', tx.tenantId)
    .where('enabled', '=', sql.lit(true))
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    effect: row.effect as PolicyRecord['effect'],
    permissions: row.permissions,
    subjects: row.subjects as PolicyRecord['subjects'],
    scopeType: row.scope_type as PolicyRecord['scopeType'],
    scopeId: row.scope_id,
    ...(row.condition !== null && { condition: row.condition }),
  }));
}

const statuses: Readonly<Record<string, TenantRecord['status']>> = { active: 'active', suspended: 'suspended' };

/** Status and settings that every service has to know; for transactions that see the global tables. */
export async function findAccessTenant(tx: Tx<Tables>): Promise<TenantRecord | undefined> {
  const row = await named(tx.db, 'auth.access-tenant')
    .selectFrom('tenants')
    .select(['status', 'config'])
    .where('id', '=', tx.tenantId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { ratePlan, origins, egressAllow } = row.config as TenantConfig;
  return {
    status: statuses[row.status] ?? 'deleting',
    ...(ratePlan !== undefined && { ratePlan }),
    ...(origins !== undefined && { origins }),
    ...(egressAllow !== undefined && { egress: egressAllow }),
  };
}
