import type {
  BindingRecord,
  PolicyRecord,
  PolicyShard,
  PrincipalRecord,
  PrincipalShard,
  RoleRecord,
  RoleShard,
  ScopeRecord,
  ScopeShard,
  ServiceShard,
  TeamRecord,
  TenantRecord,
} from '../decision/model.ts';
import type { BindingRow, TenantRows } from './rows.ts';
import { policyShard, principalShard, roleShard, scopeShard, serviceShard, tenantShard } from './shard-names.ts';

export type ShardBody = PrincipalShard | ScopeShard | RoleShard | PolicyShard | ServiceShard | TenantRecord;

/**
 * The shards of a tenant by name, none of them empty. Equal rows in any order give equal shards. Principals and scopes of
 * one part depend on nobody of another, so that rows of a few principals compile to exactly the shards they are in, where
 * all rows of these shards are given. Bindings and team places of nobody are left out.
 */
export function compileTenant(rows: TenantRows): Map<string, ShardBody> {
  const shards = new Map<string, ShardBody>([[tenantShard, rows.tenant]]);
  for (const [name, body] of compilePrincipals(rows)) shards.set(name, body);
  for (const [name, body] of compileScopes(rows)) shards.set(name, body);
  if (rows.roles.length > 0) shards.set(roleShard, compileRoles(rows.roles));
  if (rows.policies.length > 0) shards.set(policyShard, rows.policies.map(plainPolicy).toSorted(byId));
  if (rows.services !== undefined && rows.services.length > 0) {
    const services = rows.services.map(({ id, permissions }) => [id, { permissions: permissions.toSorted() }] as const);
    shards.set(serviceShard, Object.fromEntries(services));
  }
  return shards;
}

type PrincipalRows = Pick<TenantRows, 'members' | 'serviceAccounts' | 'teams' | 'teamMembers' | 'bindings'>;

export function compilePrincipals(rows: PrincipalRows): Map<string, PrincipalShard> {
  const bindings = Map.groupBy(rows.bindings, ({ principalType, principalId }) => `${principalType}:${principalId}`);
  const teams = Map.groupBy(rows.teamMembers, ({ userId }) => userId);
  const shards = new Map<string, PrincipalShard>();
  const shardOf = (id: string): PrincipalShard => {
    const name = principalShard(id);
    const shard = shards.get(name) ?? {};
    shards.set(name, shard);
    return shard;
  };
  const bindingsOf = (key: string): BindingRecord[] => (bindings.get(key) ?? []).map(plainBinding).toSorted(byId);

  for (const { userId, status } of rows.members) {
    const teamIds = (teams.get(userId) ?? []).map(({ teamId }) => teamId).toSorted();
    (shardOf(userId).users ??= {})[userId] = principalRecord(status, bindingsOf(`user:${userId}`), teamIds);
  }
  for (const { id, status } of rows.serviceAccounts) {
    (shardOf(id).accounts ??= {})[id] = principalRecord(status, bindingsOf(`service-account:${id}`), []);
  }
  for (const { id } of rows.teams) {
    const record: TeamRecord = { bindings: bindingsOf(`team:${id}`) };
    if (record.bindings.length > 0) (shardOf(id).teams ??= {})[id] = record;
  }
  return shards;
}

export function compileScopes(rows: Pick<TenantRows, 'organizations' | 'teams' | 'projects'>): Map<string, ScopeShard> {
  const shards = new Map<string, ScopeShard>();
  const add = (id: string, record: ScopeRecord): void => {
    const name = scopeShard(id);
    const shard = shards.get(name) ?? {};
    shard[id] = record;
    shards.set(name, shard);
  };
  for (const { id } of rows.organizations) add(id, { type: 'organization' });
  for (const { id, parentTeamId, organizationId } of rows.teams) {
    add(id, { type: 'team', parentId: parentTeamId ?? organizationId });
  }
  for (const { id, ownerTeamId, organizationId } of rows.projects) {
    add(id, { type: 'project', parentId: ownerTeamId ?? organizationId });
  }
  return shards;
}

export function compileRoles(roles: TenantRows['roles']): RoleShard {
  return Object.fromEntries(roles.map(({ id, ...role }) => [id, plainRole(role)]));
}

function principalRecord(
  status: PrincipalRecord['status'],
  bindings: BindingRecord[],
  teamIds: string[],
): PrincipalRecord {
  return { status, ...(bindings.length > 0 && { bindings }), ...(teamIds.length > 0 && { teamIds }) };
}

function plainBinding(row: BindingRow): BindingRecord {
  const { id, roleId, scopeType, scopeId, startsAt, expiresAt, condition } = row;
  return {
    id,
    roleId,
    scopeType,
    scopeId,
    startsAt,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(condition !== undefined && { condition }),
  };
}

function plainRole({ name, rules, parentRoleIds = [], platformOnly }: RoleRecord): RoleRecord {
  return {
    name,
    rules: rules.map(({ permission, effect, condition }) => ({
      permission,
      effect,
      ...(condition !== undefined && { condition }),
    })),
    ...(parentRoleIds.length > 0 && { parentRoleIds: parentRoleIds.toSorted() }),
    ...(platformOnly === true && { platformOnly }),
  };
}

function plainPolicy({ id, name, effect, permissions, subjects, scopeType, scopeId, condition }: PolicyRecord) {
  return {
    id,
    name,
    effect,
    permissions: permissions.toSorted(),
    subjects: plainSubjects(subjects),
    scopeType,
    scopeId,
    ...(condition !== undefined && { condition }),
  };
}

function plainSubjects(subjects: PolicyRecord['subjects']): PolicyRecord['subjects'] {
  if (subjects === 'all') return subjects;
  const { roleIds = [], teamIds = [] } = subjects;
  return {
    ...(roleIds.length > 0 && { roleIds: roleIds.toSorted() }),
    ...(teamIds.length > 0 && { teamIds: teamIds.toSorted() }),
  };
}

function byId(a: { id: string }, b: { id: string }): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
