import { someBinding, teamsOf } from './held.ts';
import type { BindingRecord, Effect, PolicyRecord, PrincipalRecord, ScopeType } from './model.ts';
import type { World } from './world.ts';

/** A statement without a resource: what it says, where, when and under which conditions. */
export interface Grant {
  effect: Effect;
  scopeType: ScopeType;
  scopeId: string;
  /** CEL texts that must all hold. */
  conditions: readonly string[];
  startsAt: number;
  /** Infinity where it never ends. */
  expiresAt: number;
  source: GrantSource;
}

export type GrantSource =
  | { kind: 'binding'; bindingId: string; teamId?: string; rolePath: readonly string[] }
  | {
      kind: 'policy';
      policyId: string;
      /** Whom it concerns through a binding of one of its roles. */ bindingId?: string;
    };

export interface GrantOptions {
  now: number;
  /** Also what begins later. */
  upcoming?: boolean;
}

/** Every statement about a permission that concerns a principal, wherever its scope is. */
export function grantsOf(
  world: World,
  record: PrincipalRecord,
  permission: string,
  { now, upcoming = false }: GrantOptions,
): Grant[] {
  const grants: Grant[] = [];
  const teamIds = teamsOf(world.scopes, record);
  const lives = ({ startsAt, expiresAt }: BindingRecord): boolean =>
    (upcoming || startsAt <= now) && (expiresAt === undefined || now < expiresAt);

  const said = world.roles.about(permission);
  someBinding(world, record, teamIds, (binding, teamId) => {
    if (!lives(binding)) return false;
    for (const { rule, path } of said.get(binding.roleId) ?? []) {
      grants.push({
        effect: rule.effect,
        scopeType: binding.scopeType,
        scopeId: binding.scopeId,
        conditions: texts(binding.condition, rule.condition),
        ...timesOf(binding),
        source: { kind: 'binding', bindingId: binding.id, ...(teamId !== undefined && { teamId }), rolePath: path },
      });
    }
    return false;
  });
  for (const policy of world.policies.about(permission)) {
    if (concernsAlways(policy, teamIds)) grants.push(ofPolicy(policy));
    else grants.push(...ofPolicyRoles(world, policy, record, teamIds, lives));
  }
  return grants;
}

/** Whether the scope is the other one or holds it; of two scopes the snapshot knows. */
export function scopeHolds(world: World, holder: ScopeRef, inner: ScopeRef): boolean {
  if (holder.scopeType === 'tenant') return true;
  return world.scopes.chain(inner.scopeType, inner.scopeId)?.includes(holder.scopeId) === true;
}

export interface ScopeRef {
  scopeType: ScopeType;
  scopeId: string;
}

export function isFree(grant: Grant): boolean {
  return grant.conditions.length === 0;
}

function concernsAlways({ subjects }: PolicyRecord, teamIds: readonly string[]): boolean {
  return subjects === 'all' || subjects.teamIds?.some((teamId) => teamIds.includes(teamId)) === true;
}

function ofPolicy({ id, effect, scopeType, scopeId, condition }: PolicyRecord): Grant {
  return {
    effect,
    scopeType,
    scopeId,
    conditions: texts(condition),
    startsAt: Number.NEGATIVE_INFINITY,
    expiresAt: Number.POSITIVE_INFINITY,
    source: { kind: 'policy', policyId: id },
  };
}

/** A policy about roles says something where it and a binding of such a role both reach. */
function ofPolicyRoles(
  world: World,
  policy: PolicyRecord,
  record: PrincipalRecord,
  teamIds: readonly string[],
  lives: (binding: BindingRecord) => boolean,
): Grant[] {
  const roleIds = policy.subjects === 'all' ? [] : (policy.subjects.roleIds ?? []);
  const grants: Grant[] = [];
  someBinding(world, record, teamIds, (binding) => {
    if (!lives(binding) || !roleIds.some((wanted) => world.roles.includes(binding.roleId, wanted))) return false;
    const narrower = narrowerOf(world, policy, binding);
    if (narrower === undefined) return false;
    grants.push({
      ...ofPolicy(policy),
      scopeType: narrower.scopeType,
      scopeId: narrower.scopeId,
      conditions: texts(binding.condition, policy.condition),
      ...timesOf(binding),
      source: { kind: 'policy', policyId: policy.id, bindingId: binding.id },
    });
    return false;
  });
  return grants;
}

function narrowerOf(world: World, one: ScopeRef, other: ScopeRef): ScopeRef | undefined {
  if (scopeHolds(world, one, other)) return other;
  return scopeHolds(world, other, one) ? one : undefined;
}

function timesOf({ startsAt, expiresAt = Number.POSITIVE_INFINITY }: BindingRecord) {
  return { startsAt, expiresAt };
}

function texts(...conditions: (string | undefined)[]): string[] {
  return conditions.filter((condition) => condition !== undefined);
}
