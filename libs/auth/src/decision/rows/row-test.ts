import { sql, type Expression, type SqlBool } from 'kysely';

/** A test of a row: known for all rows, or to be asked of each. Null is neither true nor false, in SQL and as a fault. */
export type RowTest = boolean | null | Expression<SqlBool>;

export function allOf(tests: readonly RowTest[]): RowTest {
  return joined(tests, false, sql` and `);
}

export function anyOf(tests: readonly RowTest[]): RowTest {
  return joined(tests, true, sql` or `);
}

export function not(test: RowTest): RowTest {
  if (test === null) return null;
  return typeof test === 'boolean' ? !test : sql<SqlBool>`not (${test})`;
}

/** What an allow needs. */
export function isTrue(test: RowTest): RowTest {
  return isSql(test) ? sql<SqlBool>`(${test}) is true` : test === true;
}

/** What a deny needs. */
export function isNotFalse(test: RowTest): RowTest {
  return isSql(test) ? sql<SqlBool>`(${test}) is not false` : test !== false;
}

export function isSql(test: RowTest): test is Expression<SqlBool> {
  return typeof test === 'object' && test !== null;
}

/** The three values of SQL: `deciding` decides alone, null is kept beside what is open. */
function joined(tests: readonly RowTest[], deciding: boolean, operator: ReturnType<typeof sql>): RowTest {
  if (tests.includes(deciding)) return deciding;
  const open = tests.filter(isSql);
  const isUnanswered = tests.includes(null);
  if (open.length === 0) return isUnanswered ? null : !deciding;
  const parts = isUnanswered ? [...open, sql<SqlBool>`null::boolean`] : open;
  return parts.length === 1 ? parts[0]! : sql<SqlBool>`(${sql.join(parts, operator)})`;
}
