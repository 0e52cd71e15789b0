import {
  compilePrincipals,
  compileScopes,
  compileRoles,
  compileTenant,
  policyShard,
  principalShard,
  roleShard,
  scopeShard,
  serviceRecords,
  serviceShard,
  systemRoleRecords,
  tenantShard,
  type BindingRow,
  type ShardBody,
  type TenantRows,
} from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { listManifests } from '../store/access/manifests.ts';
import {
  listAccessBindings,
  listAccessMembers,
  listAccessOrganizations,
  listAccessProjects,
  listAccessServiceAccounts,
  listAccessTeamMembers,
  listAccessTeams,
} from '../store/access/rows.ts';
import { findAccessTenant, listAccessPolicies, listAccessRoles } from '../store/access/rules.ts';
import type { Tables } from '../store/tables.ts';
import type { AccessChange } from './change.ts';

type Bodies = Map<string, ShardBody>;

/** All shards of the transaction's tenant, which must see the global tables. */
export async function compileWhole(tx: Tx<Tables>): Promise<Bodies> {
  const { tenantId } = tx;
  const [tenant, roles, services, policies, principals, scopes] = await Promise.all([
    findAccessTenant(tx),
    readRoles(tx),
    readServices(tx),
    listAccessPolicies(tx),
    readPrincipals(tx),
    readScopes(tx),
  ]);
  if (tenant === undefined) throw new Error(`access of tenant ${tenantId} is compiled where nobody sees it`);
  return compileTenant({ tenantId, tenant, roles, services, policies, ...principals, ...scopes });
}

/** Names of the shards that a change can touch. */
export function shardsOf({ principals = [], scopes = [], roles, policies, tenant }: AccessChange): Set<string> {
  const names = new Set([...principals.map(({ id }) => principalShard(id)), ...scopes.map(scopeShard)]);
  if (roles === true) names.add(roleShard).add(serviceShard);
  if (policies === true) names.add(policyShard);
  if (tenant === true) names.add(tenantShard);
  return names;
}

/**
 * The shards a change touches, made of what they were and of the rows of those who have changed. `before` are their texts
 * by name; a shard that is not among the answers is empty now.
 */
export async function compileChange(
  tx: Tx<Tables>,
  { principals = [], scopes = [], roles, policies, tenant }: AccessChange,
  before: Promise<ReadonlyMap<string, string>>,
): Promise<Bodies> {
  const ids = principals.map(({ id }) => id);
  const [principalRows, scopeRows, roleRows, services, policyRows, tenantRow] = await Promise.all([
    ids.length === 0 ? undefined : readPrincipals(tx, ids),
    scopes.length === 0 ? undefined : readScopes(tx, scopes),
    roles === true ? readRoles(tx) : [],
    roles === true ? readServices(tx) : [],
    policies === true ? listAccessPolicies(tx) : [],
    tenant === true ? findAccessTenant(tx) : undefined,
  ]);
  const bodies: Bodies = new Map();
  const texts = await before;
  if (principalRows !== undefined) {
    const compiled = compilePrincipals(principalRows);
    merge(bodies, ids.map(principalShard), (name) => {
      const fresh = compiled.get(name) ?? {};
      const old = parse<Record<'users' | 'accounts' | 'teams', Record<string, unknown>>>(texts.get(name));
      const sections = (['users', 'accounts', 'teams'] as const).map(
        (section) => [section, { ...without(old[section], ids), ...fresh[section] }] as const,
      );
      return Object.fromEntries(sections.filter(([, records]) => Object.keys(records).length > 0));
    });
  }
  if (scopeRows !== undefined) {
    const compiled = compileScopes(scopeRows);
    merge(bodies, scopes.map(scopeShard), (name) => ({
      ...without(parse<Record<string, unknown>>(texts.get(name)), scopes),
      ...compiled.get(name),
    }));
  }
  if (roleRows.length > 0) bodies.set(roleShard, compileRoles(roleRows));
  const single = compileTenant({ ...noRows, tenantId: tx.tenantId, services, policies: policyRows });
  if (services.length > 0) bodies.set(serviceShard, single.get(serviceShard)!);
  if (policyRows.length > 0) bodies.set(policyShard, single.get(policyShard)!);
  if (tenantRow !== undefined) bodies.set(tenantShard, tenantRow);
  return bodies;
}

const noRows: TenantRows = {
  tenantId: '',
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

function merge(bodies: Bodies, names: readonly string[], bodyOf: (name: string) => object): void {
  for (const name of new Set(names)) {
    const body = bodyOf(name);
    if (Object.keys(body).length > 0) bodies.set(name, body as ShardBody);
  }
}

function parse<T extends object>(text: string | undefined): Partial<T> {
  return text === undefined ? {} : (JSON.parse(text) as T);
}

function without(records: Readonly<Record<string, unknown>> = {}, ids: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(records).filter(([id]) => !ids.includes(id)));
}

async function readPrincipals(tx: Tx<Tables>, ids?: readonly string[]) {
  const [members, serviceAccounts, teams, teamMembers, bindings] = await Promise.all([
    listAccessMembers(tx, ids),
    listAccessServiceAccounts(tx, ids),
    listAccessTeams(tx, ids),
    listAccessTeamMembers(tx, ids),
    listAccessBindings(tx, ids),
  ]);
  const maintained = teamMembers.filter(({ role }) => role === 'maintainer').map(maintainerBinding);
  return { members, serviceAccounts, teams, teamMembers, bindings: [...bindings, ...maintained] };
}

/** Who maintains a team holds the role of that name there; it is granted with the place in the team. */
function maintainerBinding({ teamId, userId }: { teamId: string; userId: string }): BindingRow {
  return {
    id: `maintainer-of-${teamId}`,
    principalType: 'user',
    principalId: userId,
    roleId: 'team-maintainer',
    scopeType: 'team',
    scopeId: teamId,
    startsAt: 0,
  };
}

async function readScopes(tx: Tx<Tables>, ids?: readonly string[]) {
  const [organizations, teams, projects] = await Promise.all([
    listAccessOrganizations(tx, ids),
    listAccessTeams(tx, ids),
    listAccessProjects(tx, ids),
  ]);
  return { organizations, teams, projects };
}

/** The tenant's own; in the platform tenant also those that every tenant has. */
async function readRoles(tx: Tx<Tables>): Promise<TenantRows['roles']> {
  if (tx.tenantId !== platformTenantId) return listAccessRoles(tx);
  const [own, manifests] = await Promise.all([listAccessRoles(tx), listManifests(tx)]);
  return [...systemRoleRecords(manifests.map(({ manifest }) => manifest)), ...own];
}

/** In the platform tenant, what the services of the platform may do in every tenant. */
async function readServices(tx: Tx<Tables>): Promise<NonNullable<TenantRows['services']>> {
  return tx.tenantId === platformTenantId ? serviceRecords(await listManifests(tx)) : [];
}
