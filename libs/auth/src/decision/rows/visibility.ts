import type { Columns, KnownValues } from '@idp/expressions';
import { sql, type Expression, type SqlBool } from 'kysely';
import { reasonOf, withinBounds } from '../decide.ts';
import { isActive, isPlatformService, someBinding, teamsOf } from '../held.ts';
import { knownValues } from '../inquiry.ts';
import type {
  BindingRecord,
  DecisionContext,
  DecisionPrincipal,
  Effect,
  PolicyRecord,
  PrincipalRecord,
} from '../model.ts';
import { activeRecord } from '../questions/scopes-of.ts';
import type { World } from '../world.ts';
import { rowWithin } from './row-scope.ts';
import { allOf, anyOf, isNotFalse, isSql, isTrue, not, type RowTest } from './row-test.ts';

/** `all` rows of the tenant, none, or those for which the condition is true (null is not). */
export type RowVisibility = 'all' | 'none' | { where: Expression<SqlBool> };

export interface VisibilityQuestion {
  principal: DecisionPrincipal;
  permission: string;
  context?: DecisionContext;
  /**
   * Columns by attribute: `kind`, `id`, and what a row says of its scope as `scope.projectId`, `scope.teamId`,
   * `scope.organizationId`. The narrowest of these that is not null is the row's scope, else the tenant is.
   */
  columns: Columns;
}

/**
 * Which rows of a table of this tenant the principal may see: those of which `decide` says yes (auth §2B.4). Principal,
 * context and time are evaluated first. Throws `TypeError` where a condition asks for an attribute without a column.
 */
export function visibility(world: World, question: VisibilityQuestion, now: number): RowVisibility {
  const { principal, permission } = question;
  if (isPlatformService(principal)) return reasonOf(world, question, now) === 'allowed' ? 'all' : 'none';
  const record = activeRecord(world, principal);
  if (record === undefined || withinBounds(world, principal, permission) !== 'allowed') return 'none';

  const tests = rowTests(world, question, record, now);
  const visible = allOf([
    anyOf(tests.filter(({ effect }) => effect === 'allow').map(({ parts }) => allOf(parts.map(isTrueOfRow)))),
    not(
      anyOf(
        tests
          .filter(({ effect }) => effect === 'deny')
          .map(({ parts }) => isNotFalse(allOf(parts.map(({ test }) => test)))),
      ),
    ),
  ]);
  if (isSql(visible)) return { where: visible };
  return visible === true ? 'all' : 'none';
}

/** A part of a statement; a scope is written so that an index can be used for it. */
interface Part {
  test: RowTest;
  isScope?: true;
}

function isTrueOfRow({ test, isScope }: Part): RowTest {
  return isScope === true ? test : isTrue(test);
}

interface StatementOfRows {
  effect: Effect;
  /** All must hold. */
  parts: Part[];
}

function rowTests(
  world: World,
  { principal, permission, context, columns }: VisibilityQuestion,
  record: PrincipalRecord,
  now: number,
): StatementOfRows[] {
  const teamIds = teamsOf(world.scopes, record);
  const known = knownValues(principal, teamIds, context, now);
  const condition = (text: string | undefined): Part => ({
    test: conditionOf(world, permission, text, known, columns),
  });
  const scope = (effect: Effect, { scopeType, scopeId }: BindingRecord | PolicyRecord): Part => ({
    test: rowWithin(world, columns, effect, scopeType, scopeId),
    isScope: true,
  });
  const tests: StatementOfRows[] = [];
  const active: BindingRecord[] = [];
  const said = world.roles.about(permission);
  someBinding(world, record, teamIds, (binding) => {
    if (!isActive(binding, now)) return false;
    active.push(binding);
    for (const { rule } of said.get(binding.roleId) ?? []) {
      const parts = [scope(rule.effect, binding), condition(binding.condition), condition(rule.condition)];
      tests.push({ effect: rule.effect, parts });
    }
    return false;
  });

  function concerns(policy: PolicyRecord): Part {
    const { subjects, effect } = policy;
    if (subjects === 'all' || subjects.teamIds?.some((teamId) => teamIds.includes(teamId)) === true)
      return { test: true };
    const held = active.filter(({ roleId }) =>
      subjects.roleIds?.some((wanted) => world.roles.includes(roleId, wanted)),
    );
    const tested = held.map((binding) => allOf([scope(effect, binding).test, condition(binding.condition).test]));
    return { test: anyOf(tested) };
  }
  for (const policy of world.policies.about(permission)) {
    const parts = [scope(policy.effect, policy), concerns(policy), condition(policy.condition)];
    tests.push({ effect: policy.effect, parts });
  }
  return tests;
}

/** What a table without such a column says: no row lies there. */
const nowhere: Columns = {
  'scope.projectId': sql`null::text`,
  'scope.teamId': sql`null::text`,
  'scope.organizationId': sql`null::text`,
};

function conditionOf(
  world: World,
  permission: string,
  text: string | undefined,
  known: KnownValues,
  columns: Columns,
): RowTest {
  if (text === undefined) return true;
  const condition = world.conditions.get(text, permission);
  return 'toSql' in condition ? condition.toSql(known, { ...nowhere, ...columns }) : null;
}
