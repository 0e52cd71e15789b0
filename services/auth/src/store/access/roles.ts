import type { RoleRecord, RuleRecord } from '@idp/auth';
import { sql, type Insertable, type Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { RolesTable, Tables } from '../tables.ts';

const columns = ['id', 'name', 'description', 'version', 'created_at as createdAt', 'updated_at as updatedAt'] as const;

interface RoleRow {
  id: string;
  name: string;
  description: string;
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** A role a tenant has made. */
export interface Role extends RoleRow {
  rules: RuleRecord[];
  /** Ids of roles of the tenant, or keys of system roles. */
  parentRoleIds: string[];
}

/** A role of the platform or of the tenant, as lists show it. */
export interface ListedRole {
  id: string;
  name: string;
  rank: number;
  nameNorm: string;
}

/**
 * Every role that means something in the tenant: system roles first. Those are no rows; `system` gives their keys and names.
 */
export function selectRoles(tx: Tx<Tables>, system: readonly { id: string; name: string }[]) {
  const given = JSON.stringify(system.map(({ id, name }) => ({ id, name, norm: name.toLowerCase() })));
  const all = sql<ListedRole>`(
    select id, name, 0 as rank, norm collate "C" as "nameNorm"
      from jsonb_to_recordset(${given}::jsonb) as system (id text, name text, norm text)
    union all
    select id::text, name, 1, name_norm from roles where tenant_id = ${tx.tenantId})`;
  return named(tx.db, 'auth.list-roles').selectFrom(all.as('listed')).select(['id', 'name', 'rank', 'nameNorm']);
}

export async function listRoles(tx: Tx<Tables>, ids: readonly string[]): Promise<Role[]> {
  if (ids.length === 0) return [];
  const rows = await named(tx.db, 'auth.roles')
    .selectFrom('roles')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
  return withRules(tx, rows);
}

export async function findRole(tx: Tx<Tables>, id: string): Promise<Role | undefined> {
  return (await listRoles(tx, [id]))[0];
}

/** False when another role of the tenant has the name. */
export async function insertRole(
  tx: Tx<Tables>,
  row: Insertable<RolesTable>,
  { rules, parentRoleIds = [] }: Pick<RoleRecord, 'rules' | 'parentRoleIds'>,
): Promise<boolean> {
  const made = await named(tx.db, 'auth.insert-role')
    .insertInto('roles')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'name_norm']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made === undefined) return false;
  await insertRules(tx, row.id, rules, parentRoleIds);
  return true;
}

/** Whether another role of the tenant has the name. */
export async function isRoleNameTaken(tx: Tx<Tables>, nameNorm: string, id: string): Promise<boolean> {
  const row = await named(tx.db, 'auth.role-name-taken')
    .selectFrom('roles')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('name_norm', '=', nameNorm)
    .where('id', '<>', id)
    .executeTakeFirst();
  return row !== undefined;
}

/** Changes a role and puts its rules and parents in the place of those before. */
export async function saveRole(
  tx: Tx<Tables>,
  id: string,
  change: Updateable<RolesTable>,
  { rules, parentRoleIds = [] }: Pick<RoleRecord, 'rules' | 'parentRoleIds'>,
): Promise<Role> {
  const [saved] = await Promise.all([
    named(tx.db, 'auth.save-role')
      .updateTable('roles')
      .set((update) => ({ ...change, version: update('version', '+', 1) }))
      .where('tenant_id', '=', tx.tenantId)
      .where('id', '=', id)
      .returning(columns)
      .executeTakeFirstOrThrow(),
    ...(['role_rules', 'role_parents'] as const).map((table) =>
      named(tx.db, `auth.delete-${table.replace('_', '-')}`)
        .deleteFrom(table)
        .where('tenant_id', '=', tx.tenantId)
        .where('role_id', '=', id)
        .execute(),
    ),
  ]);
  await insertRules(tx, id, rules, parentRoleIds);
  return { ...saved, rules: [...rules], parentRoleIds: [...parentRoleIds] };
}

export async function deleteRole(tx: Tx<Tables>, id: string): Promise<void> {
  await named(tx.db, 'auth.delete-role')
    .deleteFrom('roles')
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .execute();
}

/** What still needs the role: bindings that have not ended, roles that inherit from it, policies about it. */
export async function countRoleUses(
  tx: Tx<Tables>,
  id: string,
  now: Date,
): Promise<{ bindings: number; roles: number; policies: number }> {
  const about = JSON.stringify({ roleIds: [id] });
  const { rows } = await sql<{ bindings: number; roles: number; policies: number }>`select
    (select count(*)::int from role_bindings
      where tenant_id = ${tx.tenantId} and role_id = ${id} and (expires_at is null or expires_at > ${now.toISOString()})) as bindings,
    (select count(*)::int from role_parents where tenant_id = ${tx.tenantId} and parent_role_id = ${id}) as roles,
    (select count(*)::int from policies where tenant_id = ${tx.tenantId} and subjects @> ${about}::jsonb) as policies`.execute(
    tx.db,
  );
  return rows[0]!;
}

async function insertRules(
  tx: Tx<Tables>,
  id: string,
  rules: readonly RuleRecord[],
  parentRoleIds: readonly string[],
): Promise<void> {
  if (rules.length > 0) {
    const rows = rules.map(({ permission, effect, condition = null }, position) => ({
      role_id: id,
      position,
      permission,
      effect,
      condition,
    }));
    await named(tx.db, 'auth.insert-role-rules').insertInto('role_rules').values(rows).execute();
  }
  if (parentRoleIds.length === 0) return;
  const parents = parentRoleIds.map((parent) => ({ role_id: id, parent_role_id: parent }));
  await named(tx.db, 'auth.insert-role-parents').insertInto('role_parents').values(parents).execute();
}

async function withRules(tx: Tx<Tables>, rows: readonly RoleRow[]): Promise<Role[]> {
  const ids = sql<string>`any(${rows.map(({ id }) => id)}::uuid[])`;
  const [rules, parents] = await Promise.all([
    named(tx.db, 'auth.role-rules')
      .selectFrom('role_rules')
      .select(['role_id', 'permission', 'effect', 'condition'])
      .where('tenant_id', '=', tx.tenantId)
      .where('role_id', '=', ids)
      .orderBy('role_id')
      .orderBy('position')
      .execute(),
    named(tx.db, 'auth.role-parents')
      .selectFrom('role_parents')
      .select(['role_id', 'parent_role_id'])
      .where('tenant_id', '=', tx.tenantId)
      .where('role_id', '=', ids)
      .orderBy('parent_role_id')
      .execute(),
  ]);
  return rows.map((row) => ({
    ...row,
    rules: rules
      .filter(({ role_id: roleId }) => roleId === row.id)
      .map(({ permission, effect, condition }) => ({
        permission,
        effect: effect as RuleRecord['effect'],
        ...(condition !== null && { condition }),
      })),
    parentRoleIds: parents.filter(({ role_id: roleId }) => roleId === row.id).map((parent) => parent.parent_role_id),
  }));
}
