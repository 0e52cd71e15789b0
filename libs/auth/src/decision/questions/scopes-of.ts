import { grantsOf, isFree, scopeHolds, type Grant } from '../grants.ts';
import { subjectType } from '../held.ts';
import type { DecisionPrincipal, PrincipalRecord } from '../model.ts';
import { withinBounds } from '../decide.ts';
import type { World } from '../world.ts';

export interface ScopesOf {
  /** Where an allow reaches: there and in everything inside. */
  allowed: Grant[];
  /** Denies that take some of it away: inside it, or under a condition. */
  except: Grant[];
}

/**
 * Where the principal may do this now. What an unconditional deny of the same or a wider scope takes away is left out, as is
 * everything for a principal who may do nothing or whose credential does not reach so far.
 */
export function scopesOf(world: World, principal: DecisionPrincipal, permission: string, now: number): ScopesOf {
  const record = activeRecord(world, principal);
  if (record === undefined || withinBounds(world, principal, permission) !== 'allowed')
    return { allowed: [], except: [] };
  return splitGrants(world, grantsOf(world, record, permission, { now }));
}

/** The record of a principal that steps 1 to 5 of a decision may allow something. */
export function activeRecord(
  world: World,
  principal: Pick<DecisionPrincipal, 'type' | 'id' | 'tenantId'>,
): PrincipalRecord | undefined {
  if (principal.tenantId !== world.tenantId || world.tenant.status !== 'active') return undefined;
  const record = world.people.subject(subjectType(principal), principal.id);
  return record?.status === 'active' ? record : undefined;
}

export function splitGrants(world: World, grants: readonly Grant[]): ScopesOf {
  const denies = grants.filter(({ effect }) => effect === 'deny');
  const allowed = grants.filter(
    (grant) => grant.effect === 'allow' && !denies.some((deny) => isFree(deny) && scopeHolds(world, deny, grant)),
  );
  const touches = (deny: Grant): boolean =>
    allowed.some((grant) => scopeHolds(world, grant, deny) || scopeHolds(world, deny, grant));
  return { allowed, except: denies.filter(touches) };
}
