import { sql, type SelectQueryBuilder } from 'kysely';
import { ValidationError } from '@idp/errors';
import type { CursorBinding, CursorValue, Tx } from '../contract.ts';

const pageLimitDefault = 25;
const pageLimitMax = 100;

/** One key of a list's order. All keys are NOT NULL and share one direction; the last one is unique (`id`). */
export interface SortKey {
  /** Column as the query names it: `created_at` or `entities.created_at`. Never built from input. */
  column: string;
  /** Member of the row that holds it; default is the part of `column` after the last dot. */
  member?: string;
}

export interface PageRequest {
  sort: readonly SortKey[];
  /** Default `asc`. */
  direction?: 'asc' | 'desc';
  /** As the caller sent it. */
  cursor?: string | undefined;
  /** 1–100, default 25. */
  limit?: number | undefined;
  binding: CursorBinding;
}

export interface Page<R> {
  data: R[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/**
 * One page of a list by keyset. Takes a query with its filters and without order or limit; adds both and the position.
 * Sort values travel as exact text, so no row is skipped or repeated while rows come and go.
 * Throws ValidationError: `INVALID_CURSOR`, or a limit outside 1–100.
 */
export async function paginate<DB, TB extends keyof DB, O>(
  tx: Pick<Tx<DB>, 'cursors'>,
  query: SelectQueryBuilder<DB, TB, O>,
  { sort, direction = 'asc', cursor, limit, binding }: PageRequest,
): Promise<Page<O>> {
  const size = pageLimit(limit);
  const order = `${direction} ${sort.map(({ column }) => column).join()}`;
  const position = cursor === undefined ? undefined : tx.cursors.decode(cursor, binding, order);
  const rows = await keyset(query, sort, direction, position)
    .limit(size + 1)
    .execute();
  const data = rows.slice(0, size);
  const last = data.at(-1);
  if (rows.length <= size || last === undefined) return { data };
  return { data, nextCursor: tx.cursors.encode(positionOf(last, sort), binding, order) };
}

/** The limit of a page; ValidationError outside 1–100. */
export function pageLimit(limit: number | undefined): number {
  const size = limit ?? pageLimitDefault;
  if (!Number.isInteger(size) || size < 1 || size > pageLimitMax) {
    throw new ValidationError('The limit is out of bounds.', {
      issues: [{ path: 'query.limit', message: `a whole number from 1 to ${pageLimitMax}` }],
    });
  }
  return size;
}

/** The query in order, after a position; a row comparison, so that one index range is read. */
export function keyset<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  sort: readonly SortKey[],
  direction: 'asc' | 'desc',
  position: readonly CursorValue[] | undefined,
): SelectQueryBuilder<DB, TB, O> {
  const columns = sort.map(({ column }) => sql.ref(column));
  let ordered = query;
  for (const column of columns) ordered = ordered.orderBy(column, direction);
  if (position === undefined) return ordered;
  const comparison = sql.raw(direction === 'asc' ? '>' : '<');
  return ordered.where(sql<boolean>`(${sql.join(columns)}) ${comparison} (${sql.join(position)})`);
}

export function positionOf(row: unknown, sort: readonly SortKey[]): CursorValue[] {
  return sort.map(({ column, member }) => {
    const value = (row as Record<string, unknown>)[member ?? column.slice(column.lastIndexOf('.') + 1)];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
    throw new TypeError(`sort key ${column} is not in the row or is null`);
  });
}
