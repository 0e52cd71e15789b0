import { grantsOf, isFree, scopeHolds, type Grant, type ScopeRef } from '../grants.ts';
import { someBinding, teamsOf } from '../held.ts';
import type { PrincipalRecord } from '../model.ts';
import type { SubjectRef, World } from '../world.ts';

/** A right that somebody would get or lose, in a scope and in what lies in it. */
export interface AccessChange extends ScopeRef {
  subject: SubjectRef;
  permission: string;
  /** Only under a condition, or only for a time. */
  partly: boolean;
}

export interface AccessDiff {
  gains: AccessChange[];
  losses: AccessChange[];
  /** There are more: a list ends at the limit. */
  truncated: boolean;
}

/**
 * Who would gain and lose what between two worlds of one tenant with the same scopes and members: a world and an overlay
 * of it. `permissions` are the declared ones. Bindings that begin later count, those that are over do not.
 */
export function diffAccess(
  before: World,
  after: World,
  { permissions, now, limit }: { permissions: readonly string[]; now: number; limit: number },
): AccessDiff {
  const diff: AccessDiff = { gains: [], losses: [], truncated: false };
  const touched = permissions.map((permission) => [permission, touchedBy(before, after, permission)] as const);
  for (const [subject, was] of before.people.subjects()) {
    if (was.status !== 'active') continue;
    const is = after.people.subject(subject.type, subject.id) ?? was;
    for (const [permission, touches] of touched) {
      if (!touches(was, is)) continue;
      const from = clipped(grantsOf(before, was, permission, { now, upcoming: true }), now);
      const to = clipped(grantsOf(after, is, permission, { now, upcoming: true }), now);
      diff.gains.push(...rises(before, from, to).map((change) => ({ subject, permission, ...change })));
      diff.losses.push(...rises(before, to, from).map((change) => ({ subject, permission, ...change })));
    }
    if (diff.gains.length > limit || diff.losses.length > limit) break;
  }
  const truncated = diff.gains.length > limit || diff.losses.length > limit;
  return { gains: diff.gains.slice(0, limit), losses: diff.losses.slice(0, limit), truncated };
}

/** Whether a principal can be decided otherwise about the permission: most are not touched by a change of a few records. */
function touchedBy(before: World, after: World, permission: string) {
  const roles = changedRoles(before, after, permission);
  const same = JSON.stringify(before.policies.about(permission)) === JSON.stringify(after.policies.about(permission));
  // Who inherits from what decides whom a policy about roles concerns.
  const aboutRoles =
    before.roles !== after.roles &&
    after.policies.about(permission).some(({ subjects }) => subjects !== 'all' && subjects.roleIds !== undefined);
  if (!same || aboutRoles) return () => true;

  return (was: PrincipalRecord, is: PrincipalRecord): boolean => {
    if (was !== is) return true;
    const teamIds = teamsOf(before.scopes, was);
    if (teamIds.some((teamId) => before.people.team(teamId) !== after.people.team(teamId))) return true;
    return roles.size > 0 && someBinding(after, was, teamIds, ({ roleId }) => roles.has(roleId));
  };
}

function changedRoles(before: World, after: World, permission: string): Set<string> {
  if (before.roles === after.roles) return new Set();
  const [was, is] = [before.roles.about(permission), after.roles.about(permission)];
  const roleIds = [...was.keys(), ...is.keys()];
  return new Set(roleIds.filter((roleId) => JSON.stringify(was.get(roleId)) !== JSON.stringify(is.get(roleId))));
}

/** What has begun already began at one and the same time: now. */
function clipped(grants: readonly Grant[], now: number): Grant[] {
  return grants.map((grant) => ({ ...grant, startsAt: Math.max(grant.startsAt, now) }));
}

/** The widest scopes in which `to` allows what `from` does not. */
function rises(world: World, from: readonly Grant[], to: readonly Grant[]): (ScopeRef & { partly: boolean })[] {
  const scopes = new Map<string, ScopeRef>();
  for (const { scopeType, scopeId } of [...from, ...to]) scopes.set(scopeId, { scopeType, scopeId });
  const risen = [...scopes.values()].filter((scope) => risesAt(world, from, to, scope));
  return risen
    .filter((scope) => !risen.some((wider) => wider !== scope && scopeHolds(world, wider, scope)))
    .map((scope) => ({ ...scope, partly: !to.some((grant) => isWhole(grant) && scopeHolds(world, grant, scope)) }));
}

function risesAt(world: World, from: readonly Grant[], to: readonly Grant[], scope: ScopeRef): boolean {
  const here = (grants: readonly Grant[], effect: Grant['effect']): Grant[] =>
    grants.filter((grant) => grant.effect === effect && scopeHolds(world, grant, scope));
  const allows = here(to, 'allow');
  const denies = here(to, 'deny');
  if (allows.length === 0 || denies.some(isWhole)) return false;
  const before = here(from, 'allow');
  if (allows.some((grant) => !before.some((other) => isWithin(grant, other)))) return true;
  return here(from, 'deny').some((grant) => !denies.some((other) => isWithin(grant, other)));
}

/** Whether `other` says the same at least as often: under no further condition, at no fewer times. */
function isWithin(grant: Grant, other: Grant): boolean {
  return (
    other.conditions.every((text) => grant.conditions.includes(text)) &&
    other.startsAt <= grant.startsAt &&
    other.expiresAt >= grant.expiresAt
  );
}

function isWhole(grant: Grant): boolean {
  return isFree(grant) && grant.expiresAt === Number.POSITIVE_INFINITY;
}
