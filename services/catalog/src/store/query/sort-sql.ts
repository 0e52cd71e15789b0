import { sql, type RawBuilder } from 'kysely';
import type { Position } from '../../domain/query/cursor.ts';

type Sql = RawBuilder<unknown>;

/** A column rows are sorted by; null sorts last in either order. */
export interface SortColumn {
  readonly column: Sql;
  readonly order: 'asc' | 'desc';
  readonly nullable: boolean;
}

/** `order by` list, or its reverse for a page read backwards. */
export function orderBy(columns: readonly SortColumn[], backwards: boolean): Sql {
  const parts = columns.map(({ column, order, nullable }) => {
    const descending = (order === 'desc') !== backwards;
    const nulls = nullable ? (backwards ? sql` nulls first` : sql` nulls last`) : sql``;
    return sql`${column}${descending ? sql` desc` : sql``}${nulls}`;
  });
  return sql.join(parts, sql`, `);
}

/** Condition "after the position" (before it, backwards) for rows sorted by the columns, one value for each. */
export function beyond(columns: readonly SortColumn[], position: Position, backwards: boolean): Sql {
  const alternatives = columns.map((column, index) => {
    const equal = columns.slice(0, index).map((earlier, at) => equals(earlier.column, position[at] ?? null));
    return sql`(${sql.join([...equal, isBeyond(column, position[index] ?? null, backwards)], sql` and `)})`;
  });
  return sql`(${sql.join(alternatives, sql` or `)})`;
}

function equals(column: Sql, value: string | number | null): Sql {
  return value === null ? sql`${column} is null` : sql`${column} = ${value}`;
}

function isBeyond({ column, order, nullable }: SortColumn, value: string | number | null, backwards: boolean): Sql {
  if (value === null) return backwards ? sql`${column} is not null` : sql`false`;
  const greater = (order === 'asc') !== backwards;
  const strict = greater ? sql`${column} > ${value}` : sql`${column} < ${value}`;
  return nullable && !backwards ? sql`(${strict} or ${column} is null)` : strict;
}
