import { findDeepRole, findRoleCycle, roleDepthMax, type GrantedRule, type World } from '@idp/auth';
import { UnprocessableError } from '@idp/errors';

/** What a role gives after a change that it did not give before: all of it where a deny has gone. */
export function addedRules(before: readonly GrantedRule[], after: readonly GrantedRule[]): GrantedRule[] {
  const had = new Set(before.map(textOf));
  const has = new Set(after.map(textOf));
  const isLoosened = before.some((rule) => rule.effect === 'deny' && !has.has(textOf(rule)));
  return after.filter((rule) => isLoosened || !had.has(textOf(rule)));
}

function textOf({ permission, effect, conditions }: GrantedRule): string {
  return JSON.stringify([permission, effect, conditions]);
}

/** 422 `ROLE_CYCLE` where roles contain each other, or inherit over more than eight steps. */
export function requireTree({ roles }: Pick<World, 'roles'>): void {
  const parents = new Map(roles.ids().map((id) => [id, roles.record(id)?.parentRoleIds ?? []]));
  const cycle = findRoleCycle(parents);
  if (cycle !== undefined) throw notATree('roles would contain each other', 'cycle', cycle);
  const deep = findDeepRole(parents);
  if (deep !== undefined) throw notATree(`roles inherit over at most ${roleDepthMax} steps`, 'depth', deep);
}

function notATree(message: string, reason: 'cycle' | 'depth', roleIds: readonly string[]): UnprocessableError {
  return new UnprocessableError(message, { code: 'ROLE_CYCLE', details: { reason, roleIds } });
}
