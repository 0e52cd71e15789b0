import type { ScopesOf, World } from '@idp/auth';
import type { DeclaredPermission } from '../../domain/access/permission-catalogue.ts';

/** An answer that the asking plugin evaluates for each resource. */
export interface Conditional {
  result: 'CONDITIONAL';
  pluginId: string;
  resourceType: string;
  conditions: { resourceType: string; rule: string; params: { claims: string[] } };
}

/** More teams or owners are no condition any more that a plugin could work with. */
const namesMax = 1000;

/**
 * The teams that grants reach, those inside organizations and other teams included. Undefined where rules of Backstage cannot
 * say the same: something is denied, nothing lies in a team, or there are too many.
 */
export function teamsOfGrants(world: World, { allowed, except }: ScopesOf): string[] | undefined {
  if (except.length > 0) return undefined;
  const parts = allowed.filter(({ scopeType, conditions }) => scopeType !== 'tenant' && conditions.length === 0);
  const teamIds = new Set(parts.flatMap(({ scopeId }) => world.scopes.inside(scopeId).team));
  return teamIds.size === 0 || teamIds.size > namesMax ? undefined : [...teamIds];
}

/** What one of these owns. Undefined where there is nobody, or too many. */
export function ownerCondition(
  { service, backstage }: DeclaredPermission,
  owners: readonly string[],
): Conditional | undefined {
  const resourceType = backstage?.resourceType;
  if (resourceType === undefined || owners.length === 0 || owners.length > namesMax) return undefined;
  const conditions = { resourceType, rule: 'IS_ENTITY_OWNER', params: { claims: [...owners] } };
  return { result: 'CONDITIONAL', pluginId: service, resourceType, conditions };
}
