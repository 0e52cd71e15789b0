import type { BindingRow, TenantRows } from '@idp/auth';
import { named, type Tx } from '@idp/database';
import { sql } from 'kysely';
import type { Tables } from '../tables.ts';

/** Of these ids only; all without. */
type Ids = readonly string[] | undefined;

const isOneOf = (ids: readonly string[]) => sql<string>`any(${[...ids]}::uuid[])`;

/** Members with the state of membership and account together; for transactions that see the global tables. */
export async function listAccessMembers(tx: Tx<Tables>, ids?: Ids): Promise<TenantRows['members']> {
  const rows = await named(tx.db, 'auth.access-members')
    .selectFrom('memberships')
    .leftJoin('users', 'users.id', 'memberships.user_id')
    .select(['memberships.user_id as userId', 'memberships.status', 'users.status as account'])
    .where('memberships.tenant_id', '=', tx.tenantId)
    .where('memberships.status', 'in', ['active', 'suspended'])
    .$if(ids !== undefined, (query) => query.where('memberships.user_id', '=', isOneOf(ids!)))
    .execute();
  return rows.map(({ userId, status, account }) => {
    if (account === null) throw new Error('access is compiled in a transaction that sees no accounts');
    return { userId, status: status === 'active' && account === 'active' ? 'active' : 'suspended' };
  });
}

export async function listAccessServiceAccounts(tx: Tx<Tables>, ids?: Ids): Promise<TenantRows['serviceAccounts']> {
  const rows = await named(tx.db, 'auth.access-service-accounts')
    .selectFrom('service_accounts')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null)
    .$if(ids !== undefined, (query) => query.where('id', '=', isOneOf(ids!)))
    .execute();
  return rows.map(({ id }) => ({ id, status: 'active' }));
}

export async function listAccessTeams(tx: Tx<Tables>, ids?: Ids): Promise<TenantRows['teams']> {
  const rows = await named(tx.db, 'auth.access-teams')
    .selectFrom('teams')
    .select(['id', 'organization_id as organizationId', 'parent_id as parentTeamId'])
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null)
    .$if(ids !== undefined, (query) => query.where('id', '=', isOneOf(ids!)))
    .execute();
  return rows.map(({ parentTeamId, ...team }) => ({ ...team, ...(parentTeamId !== null && { parentTeamId }) }));
}

export async function listAccessOrganizations(tx: Tx<Tables>, ids?: Ids): Promise<TenantRows['organizations']> {
  return named(tx.db, 'auth.access-organizations')
    .selectFrom('organizations')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null)
    .$if(ids !== undefined, (query) => query.where('id', '=', isOneOf(ids!)))
    .execute();
}

export async function listAccessProjects(tx: Tx<Tables>, ids?: Ids): Promise<TenantRows['projects']> {
  const rows = await named(tx.db, 'auth.access-projects')
    .selectFrom('projects')
    .select(['id', 'organization_id as organizationId', 'owner_team_id as ownerTeamId'])
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null)
    .$if(ids !== undefined, (query) => query.where('id', '=', isOneOf(ids!)))
    .execute();
  return rows.map(({ ownerTeamId, ...project }) => ({ ...project, ...(ownerTeamId !== null && { ownerTeamId }) }));
}

/** Who is in which team, with the role there. */
export async function listAccessTeamMembers(tx: Tx<Tables>, userIds?: Ids) {
  return named(tx.db, 'auth.access-team-members')
    .selectFrom('team_memberships')
    .select(['team_id as teamId', 'user_id as userId', 'role'])
    .where('tenant_id', '=', tx.tenantId)
    .$if(userIds !== undefined, (query) => query.where('user_id', '=', isOneOf(userIds!)))
    .execute();
}

/** Bindings whether active now or not: when they count is decided at every check. */
export async function listAccessBindings(tx: Tx<Tables>, principalIds?: Ids): Promise<BindingRow[]> {
  const rows = await named(tx.db, 'auth.access-bindings')
    .selectFrom('role_bindings')
    .select([
      'id',
      'principal_type',
      'principal_id',
      'role_id',
      'scope_type',
      'scope_id',
      'starts_at',
      'expires_at',
      'condition',
    ])
    .where('tenant_id', '=', tx.tenantId)
    .$if(principalIds !== undefined, (query) => query.where('principal_id', '=', isOneOf(principalIds!)))
    .execute();
  return rows.map((row) => ({
    id: row.id,
    principalType: row.principal_type as BindingRow['principalType'],
    principalId: row.principal_id,
    roleId: row.role_id,
    scopeType: row.scope_type as BindingRow['scopeType'],
    scopeId: row.scope_id,
    startsAt: Date.parse(row.starts_at),
    ...(row.expires_at !== null && { expiresAt: Date.parse(row.expires_at) }),
    ...(row.condition !== null && { condition: row.condition }),
  }));
}
