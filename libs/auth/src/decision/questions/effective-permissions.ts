import { withinBounds } from '../decide.ts';
import { grantsOf } from '../grants.ts';
import type { DecisionPrincipal } from '../model.ts';
import type { World } from '../world.ts';
import { activeRecord, splitGrants, type ScopesOf } from './scopes-of.ts';

export interface EffectivePermission extends ScopesOf {
  permission: string;
}

/** Which of the permissions the principal holds anywhere now: where, from what, until when. `permissions` are the declared ones. */
export function effectivePermissions(
  world: World,
  principal: DecisionPrincipal,
  permissions: readonly string[],
  now: number,
): EffectivePermission[] {
  const record = activeRecord(world, principal);
  if (record === undefined) return [];
  return permissions
    .filter((permission) => withinBounds(world, principal, permission) === 'allowed')
    .map((permission) => ({ permission, ...splitGrants(world, grantsOf(world, record, permission, { now })) }))
    .filter(({ allowed }) => allowed.length > 0);
}
