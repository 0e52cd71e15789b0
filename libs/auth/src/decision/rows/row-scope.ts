import type { Column, Columns } from '@idp/expressions';
import { sql, type Expression, type SqlBool } from 'kysely';
import type { Effect, ScopeRecord, ScopeType } from '../model.ts';
import type { World } from '../world.ts';
import { anyOf, type RowTest } from './row-test.ts';

/** From the narrowest: the first column that is not null says where a row lies. */
const levels: readonly { type: ScopeRecord['type']; name: string }[] = [
  { type: 'project', name: 'scope.projectId' },
  { type: 'team', name: 'scope.teamId' },
  { type: 'organization', name: 'scope.organizationId' },
];

interface Level {
  type: ScopeRecord['type'];
  column: Column;
}

/**
 * Whether a row lies in the scope. For a deny the answer is null where the snapshot does not know the row's scope, as it is
 * a fault for `decide`; an allow needs to be true anyway.
 */
export function rowWithin(
  world: World,
  columns: Columns,
  effect: Effect,
  scopeType: ScopeType,
  scopeId: string,
): RowTest {
  if (scopeType === 'tenant') return true;
  const here: Level[] = levels.flatMap(({ type, name }) => {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    return column === undefined ? [] : [{ type, column }];
  });
  // Without such a column every row belongs to the tenant itself.
  if (here.length === 0) return false;
  return effect === 'allow' ? liesIn(world, here, scopeId) : liesInIfKnown(world, here, scopeId);
}

function liesIn(world: World, here: readonly Level[], scopeId: string): RowTest {
  const inside = world.scopes.inside(scopeId);
  const tests: Expression<SqlBool>[] = [];
  const narrower: Expression<SqlBool>[] = [];
  for (const { type, column } of here) {
    if (inside[type].length > 0)
      tests.push(sql<SqlBool>`(${sql.join([...narrower, isOneOf(column, inside[type])], sql` and `)})`);
    narrower.push(sql<SqlBool>`${expressionOf(column)} is null`);
  }
  return anyOf(tests);
}

function liesInIfKnown(world: World, here: readonly Level[], scopeId: string): RowTest {
  const inside = world.scopes.inside(scopeId);
  const known = world.scopes.inside(world.tenantId);
  const cases = here.map(
    ({ type, column }) => sql`when ${expressionOf(column)} is not null then
      case when ${isOneOf(column, inside[type])} then true when ${isOneOf(column, known[type])} then false end`,
  );
  return sql<SqlBool>`(case ${sql.join(cases, sql` `)} else false end)`;
}

function isOneOf(column: Column, ids: readonly string[]): Expression<SqlBool> {
  return 'column' in column
    ? sql<SqlBool>`${column.column} = any(${ids}::uuid[])`
    : sql<SqlBool>`${column} = any(${ids}::text[])`;
}

function expressionOf(column: Column): Expression<unknown> {
  return 'column' in column ? column.column : column;
}
