import { patternCovers, type RuleRecord } from '@idp/auth';
import { UnprocessableError } from '@idp/errors';
import { conditionFromMap } from '@idp/expressions';
import type { PermissionCatalogue } from './permission-catalogue.ts';

/** A right as older clients write it: of a resource type of any service, or `<service>:<type>`. */
export interface ActionOnResource {
  action: string;
  resource: string;
  /** Attributes and what they must equal. */
  conditions?: Readonly<Record<string, unknown>> | undefined;
}

export interface RuleInput {
  permission: string;
  effect: RuleRecord['effect'];
  condition?: string | undefined;
}

/** The forms in which the rules of a role can be given, all of them together. */
export interface RulesInput {
  rules?: readonly RuleInput[] | undefined;
  permissions?: readonly (string | ActionOnResource)[] | undefined;
}

/**
 * The rules in one form, checked against what is declared: 422 `UNKNOWN_PERMISSION` for a permission or pattern that names
 * nothing, `CONDITION_INVALID` or `CONDITION_NOT_FILTERABLE` for a condition that does not fit all that it is about.
 */
export function rulesOf(catalogue: PermissionCatalogue, { rules = [], permissions = [] }: RulesInput): RuleRecord[] {
  const given = [
    ...rules,
    ...permissions.flatMap((right) =>
      typeof right === 'string' ? [{ permission: right, effect: 'allow' as const }] : rulesOfAction(catalogue, right),
    ),
  ];
  for (const { permission, condition } of given) {
    requirePermission(catalogue, permission);
    if (condition !== undefined) catalogue.requireCondition(condition, permission);
  }
  return given.map(({ permission, effect, condition }) => ({
    permission,
    effect,
    ...(condition !== undefined && { condition }),
  }));
}

/** 422 `UNKNOWN_PERMISSION` unless a service declares it, or what the pattern names. */
export function requirePermission(catalogue: PermissionCatalogue, pattern: string): void {
  if (catalogue.names.some((name) => patternCovers(pattern, name))) return;
  throw unknownPermission(pattern);
}

function rulesOfAction(catalogue: PermissionCatalogue, { action, resource, conditions = {} }: ActionOnResource) {
  const condition = conditionFromMap(conditions);
  if (action === '*' && resource === '*') return [ruleOf('*', condition)];
  const named = catalogue.names.filter((name) => {
    const [service = '', type = '', verb = ''] = name.split(':');
    const isType = resource === '*' || resource === type || resource === `${service}:${type}`;
    return isType && (action === '*' || action === verb);
  });
  if (named.length === 0) throw unknownPermission(`${resource}:${action}`);
  return named.map((permission) => ruleOf(permission, condition));
}

function ruleOf(permission: string, condition: string | undefined): RuleInput {
  return { permission, effect: 'allow', ...(condition !== undefined && { condition }) };
}

export function unknownPermission(permission: string): UnprocessableError {
  return new UnprocessableError('no service declares this permission', {
    code: 'UNKNOWN_PERMISSION',
    details: { permission },
  });
}
