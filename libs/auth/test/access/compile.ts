import { platformTenantId } from '@idp/contracts';
import { compileCondition } from '@idp/expressions';
import type { World } from '../../src/decision/world.ts';
import type { DecisionRequest } from '../../src/decision/model.ts';
import { createAccessStore, type AccessStore } from '../../src/snapshot/access-store.ts';
import { compileTenant } from '../../src/snapshot/compile-tenant.ts';
import type { TenantRows } from '../../src/snapshot/rows.ts';
import { sealShards } from '../../src/snapshot/seal-shards.ts';
import { environment, toCel, type Term } from './expressions.ts';
import { ids, organizationCount, resourceScope, scopeId, type Company, type Question } from './tenants.ts';

/** A tenant in which nothing is. */
export function emptyRows(tenantId: string): TenantRows {
  return {
    tenantId,
    tenant: { status: 'active' },
    members: [],
    serviceAccounts: [],
    organizations: [],
    teams: [],
    projects: [],
    teamMembers: [],
    roles: [],
    bindings: [],
    policies: [],
  };
}

export function storeOptions() {
  return { compile: (text: string) => compileCondition(text, environment) };
}

/** Compiles, seals and loads it as a service would that reads the whole snapshot. */
export function publish(store: AccessStore, rows: TenantRows, version = 1): void {
  const { head, changed } = sealShards(compileTenant(rows), { tenantId: rows.tenantId, version });
  for (const shard of changed) store.putShard(rows.tenantId, shard);
  store.putHead(head);
}

export function worldOf(rows: TenantRows, platform: TenantRows = emptyRows(platformTenantId)): World {
  const store = createAccessStore(storeOptions());
  publish(store, platform);
  publish(store, rows);
  const world = store.world(rows.tenantId);
  if (world === undefined) throw new Error('the tenant has not become known');
  return world;
}

const cel = (term: Term | undefined): { condition?: string } => (term === undefined ? {} : { condition: toCel(term) });

export function rowsOf(company: Company): TenantRows {
  return {
    tenantId: ids.tenant,
    tenant: { status: company.status },
    members: company.users.map(({ suspended }, at) => ({
      userId: ids.user(at),
      status: suspended ? 'suspended' : 'active',
    })),
    serviceAccounts: [],
    organizations: Array.from({ length: organizationCount }, (_, at) => ({ id: ids.organization(at) })),
    teams: company.teams.map(({ parent, organization }, at) => ({
      id: ids.team(at),
      organizationId: ids.organization(organization),
      ...(parent !== undefined && { parentTeamId: ids.team(parent) }),
    })),
    projects: company.projects.map(({ team, organization }, at) => ({
      id: ids.project(at),
      organizationId: ids.organization(organization),
      ...(team !== undefined && { ownerTeamId: ids.team(team) }),
    })),
    teamMembers: company.users.flatMap(({ teams }, at) =>
      teams.map((team) => ({ teamId: ids.team(team), userId: ids.user(at) })),
    ),
    roles: company.roles.map(({ parents, rules }, at) => ({
      id: ids.role(at),
      name: `role ${at}`,
      parentRoleIds: parents.map(ids.role),
      rules: rules.map(({ permission, effect, condition }) => ({ permission, effect, ...cel(condition) })),
    })),
    bindings: company.bindings.map(({ holder, role, scope, startsAt, expiresAt, condition }, at) => ({
      id: ids.binding(at),
      principalType: holder.type,
      principalId: ids[holder.type](holder.index),
      roleId: ids.role(role),
      scopeType: scope.type,
      scopeId: scopeId(scope),
      startsAt,
      ...(expiresAt !== undefined && { expiresAt }),
      ...cel(condition),
    })),
    policies: company.policies.map(({ effect, permissions, subjects, scope, condition }, at) => ({
      id: ids.policy(at),
      name: `policy ${at}`,
      effect,
      permissions,
      subjects:
        subjects === 'all' ? 'all' : { roleIds: subjects.roles.map(ids.role), teamIds: subjects.teams.map(ids.team) },
      scopeType: scope.type,
      scopeId: scopeId(scope),
      ...cel(condition),
    })),
  };
}

export function requestOf(question: Question): DecisionRequest {
  const { user, permission, scope, attributes, acr, authAgeSeconds } = question;
  return {
    principal: { type: 'user', id: ids.user(user), tenantId: ids.tenant, ...(acr !== undefined && { acr }) },
    permission,
    resource: { type: 'entity', scope: resourceScope(scope), attributes: { ...attributes } },
    context: { ...(authAgeSeconds !== undefined && { authAgeSeconds }) },
  };
}
