import { platformTenantId } from '@idp/contracts';
import {
  compileTenant,
  createAccessStore,
  sealShards,
  type BindingRow,
  type CompileCondition,
  type DecisionRequest,
  type TenantRows,
  type World,
} from '@idp/auth';
import { emptyRows } from '../../../libs/auth/test/access/compile.ts';

/** One tenant of the size that the limits speak of; drawn by a fixed sequence of numbers, the same in every run. */
export const sizes = {
  organizations: 4,
  teams: 100,
  projects: 500,
  users: 20_000,
  roles: 200,
  rulesPerRole: 10,
  bindings: 5,
};

export const tenantId = '0192f000-0000-7000-8000-000000000001';
export const permissions = Array.from({ length: 300 }, (_, at) => `service${at % 10}:resource${at % 30}:action${at}`);

export function id(kind: string, index: number): string {
  return `0192f000-0000-7000-8${kind}00-${index.toString(16).padStart(12, '0')}`;
}

/** Numbers of mulberry32, 0 ≤ n < below. */
export function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export interface Company {
  rows: TenantRows;
  /** Team of each project, and the team that holds each team (its first ten lie in an organization). */
  projectTeams: number[];
  teamParents: (number | undefined)[];
  /** The scope that a role is bound in, wherever it is: so that engines without scoped roles can be asked the same. */
  roleScopes: { scopeType: 'organization' | 'team' | 'project' | 'tenant'; scopeId: string }[];
  userRoles: number[][];
  userTeams: number[][];
  rolePermissions: number[][];
}

export function drawCompany(condition?: string): Company {
  const draw = drawing(1);
  const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
  const teamParents = many(sizes.teams, (at) => (at < 10 ? undefined : draw(10)));
  const projectTeams = many(sizes.projects, () => draw(sizes.teams));
  const roleScopes = many(sizes.roles, (at): Company['roleScopes'][number] => {
    if (at % 4 === 0) return { scopeType: 'tenant', scopeId: tenantId };
    if (at % 4 === 1) return { scopeType: 'organization', scopeId: id('a', draw(sizes.organizations)) };
    if (at % 4 === 2) return { scopeType: 'team', scopeId: id('b', draw(sizes.teams)) };
    return { scopeType: 'project', scopeId: id('c', draw(sizes.projects)) };
  });
  const rolePermissions = many(sizes.roles, () => many(sizes.rulesPerRole, () => draw(permissions.length)));
  const userRoles = many(sizes.users, () => many(sizes.bindings, () => draw(sizes.roles)));
  const userTeams = many(sizes.users, () => [draw(sizes.teams)]);
  const bindings = userRoles.flatMap((roles, user) =>
    roles.map((role, at): BindingRow => ({
      id: id('f', user * sizes.bindings + at),
      principalType: 'user',
      principalId: id('d', user),
      roleId: id('e', role),
      ...roleScopes[role]!,
      startsAt: 1_700_000_000_000,
    })),
  );
  const rows: TenantRows = {
    ...emptyRows(tenantId),
    members: many(sizes.users, (at) => ({ userId: id('d', at), status: 'active' as const })),
    organizations: many(sizes.organizations, (at) => ({ id: id('a', at) })),
    teams: teamParents.map((parent, at) => ({
      id: id('b', at),
      organizationId: id('a', (parent ?? at) % sizes.organizations),
      ...(parent !== undefined && { parentTeamId: id('b', parent) }),
    })),
    projects: projectTeams.map((team, at) => ({
      id: id('c', at),
      organizationId: id('a', (teamParents[team] ?? team) % sizes.organizations),
      ownerTeamId: id('b', team),
    })),
    teamMembers: userTeams.flatMap((teams, user) =>
      teams.map((team) => ({ teamId: id('b', team), userId: id('d', user) })),
    ),
    roles: rolePermissions.map((of, at) => ({
      id: id('e', at),
      name: `role ${at}`,
      rules: of.map((permission) => ({
        permission: permissions[permission]!,
        effect: 'allow' as const,
        ...(condition !== undefined && { condition }),
      })),
    })),
    bindings,
  };
  return { rows, projectTeams, teamParents, roleScopes, userRoles, userTeams, rolePermissions };
}

/** Shards as a replica receives them. */
export function sealedTexts(rows: TenantRows) {
  return sealShards(compileTenant(rows), { tenantId: rows.tenantId, version: 1 });
}

export function loadWorld(sealed: ReturnType<typeof sealedTexts>, compile: CompileCondition): World {
  const store = createAccessStore({ compile });
  const platform = sealedTexts(emptyRows(platformTenantId));
  for (const { head, changed } of [platform, sealed]) {
    for (const shard of changed) store.putShard(head.tenantId, shard);
    store.putHead(head);
  }
  return store.world(sealed.head.tenantId)!;
}

export interface Question {
  user: number;
  permission: number;
  project: number;
}

/** Half of them about a permission that one of the user's roles holds. */
export function drawQuestions({ userRoles, rolePermissions }: Company, count: number, seed = 2): Question[] {
  const draw = drawing(seed);
  return Array.from({ length: count }, (_, at) => {
    const user = draw(sizes.users);
    const held = rolePermissions[userRoles[user]![draw(sizes.bindings)]!]![draw(sizes.rulesPerRole)]!;
    return { user, permission: at % 2 === 0 ? held : draw(permissions.length), project: draw(sizes.projects) };
  });
}

export function requestOf({ userTeams }: Company, { user, permission, project }: Question): DecisionRequest {
  return {
    principal: { type: 'user', id: id('d', user), tenantId, acr: 'idp:aal1' },
    permission: permissions[permission]!,
    resource: {
      type: 'service',
      scope: { projectId: id('c', project) },
      attributes: { kind: 'service', archived: false, owner: id('b', userTeams[user]![0]!) },
    },
  };
}
