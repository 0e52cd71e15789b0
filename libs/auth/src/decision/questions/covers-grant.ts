import { boundsCover } from '../bounds.ts';
import { grantsOf, isFree, scopeHolds, type Grant, type ScopeRef } from '../grants.ts';
import type { DecisionPrincipal, RuleRecord } from '../model.ts';
import { patternCovers } from '../roles/pattern.ts';
import type { World } from '../world.ts';
import { activeRecord } from './scopes-of.ts';

/** What somebody would receive. */
export interface GrantedRule extends Pick<RuleRecord, 'permission' | 'effect'> {
  /** CEL texts under which it would be received: of the rule and of the binding. */
  conditions: readonly string[];
}

/** What a binding to the role gives, parents included. */
export function grantedRules(world: World, roleId: string, condition?: string): GrantedRule[] {
  return world.roles.rules(roleId).map(({ rule: { permission, effect, condition: own } }) => ({
    permission,
    effect,
    conditions: [condition, own].filter((text) => text !== undefined),
  }));
}

/**
 * The first permission that the granter would hand out without holding it in all of the scope; undefined where it may
 * grant (auth §3.10). `permissions` are the declared ones: a pattern is held where each that it names is held. A right
 * held under conditions covers a grant under the same ones, unless they speak of the principal: they would then be about
 * somebody else.
 */
export function missingForGrant(
  world: World,
  granter: DecisionPrincipal,
  {
    rules,
    scope,
    permissions,
    now,
  }: { rules: readonly GrantedRule[]; scope: ScopeRef; permissions: readonly string[]; now: number },
): string | undefined {
  const record = activeRecord(world, granter);
  const held = new Map<string, Grant[]>();
  const grantsAbout = (permission: string): Grant[] => {
    const known = held.get(permission) ?? (record === undefined ? [] : grantsOf(world, record, permission, { now }));
    held.set(permission, known);
    return known;
  };
  for (const rule of rules) {
    // A deny gives nobody anything.
    if (rule.effect === 'deny') continue;
    const named = permissions.filter((permission) => patternCovers(rule.permission, permission));
    // A pattern that names nothing yet may come to name anything.
    if (named.length === 0 && !holdsPattern(world, granter, rule.permission, scope, now)) return rule.permission;
    const missing = named.find(
      (permission) =>
        !boundsCover(granter, permission) || !holdsEverywhere(world, grantsAbout(permission), scope, rule.conditions),
    );
    if (missing !== undefined) return missing;
  }
  return undefined;
}

function holdsPattern(
  world: World,
  granter: DecisionPrincipal,
  pattern: string,
  scope: ScopeRef,
  now: number,
): boolean {
  const record = activeRecord(world, granter);
  if (record === undefined || !boundsCover(granter, pattern)) return false;
  return holdsEverywhere(world, grantsOf(world, record, pattern, { now }), scope, []);
}

function holdsEverywhere(
  world: World,
  grants: readonly Grant[],
  scope: ScopeRef,
  conditions: readonly string[],
): boolean {
  const covered = (grant: Grant): boolean =>
    grant.conditions.every((text) => conditions.includes(text) && !/\bprincipal\b/.test(text));
  const takenAway = grants.some(
    (grant) =>
      grant.effect === 'deny' &&
      (scopeHolds(world, grant, scope) || scopeHolds(world, scope, grant)) &&
      // A condition of a rail for everybody meets whoever receives the right as well.
      (isFree(grant) || !isForEverybody(world, grant)),
  );
  if (takenAway) return false;
  return grants.some((grant) => grant.effect === 'allow' && scopeHolds(world, grant, scope) && covered(grant));
}

function isForEverybody(world: World, { source }: Grant): boolean {
  if (source.kind !== 'policy') return false;
  return world.policies.all.some(({ id, subjects }) => id === source.policyId && subjects === 'all');
}
