import { sql } from 'kysely';
import { named } from '@idp/database';
import type { Position } from '../../domain/query/cursor.ts';
import type { Literals, PostingNode } from '../../domain/query/postings.ts';
import { entityColumns, type EntityRow } from './entity-rows.ts';
import {
  findsNothing,
  pageParts,
  positionColumns,
  positionOf,
  type PageRequest,
  type PositionRow,
} from './page-sql.ts';
import type { CatalogTx } from '../catalog-tx.ts';

export interface PageRow extends EntityRow {
  /** Where this row stands, for a cursor. */
  readonly position: Position;
}

export interface Page {
  /** At most `limit` rows in list order. */
  readonly rows: readonly PageRow[];
  /** More rows follow in the direction of reading. */
  readonly more: boolean;
  /** Number of all matching entities, when asked for. */
  readonly total: number | undefined;
}

export interface PageColumns {
  readonly withTotal: boolean;
  readonly withRelations: boolean;
}

/** Total and one page of the matching entities, from one statement. */
export async function readPage(
  tx: CatalogTx,
  node: PostingNode,
  literals: Literals,
  request: PageRequest & PageColumns,
): Promise<Page> {
  const { withTotal, limit } = request;
  const sources = request.order.map(({ field }) => literals.sourceOf(field));
  if (findsNothing(node, sources, request)) return { rows: [], more: false, total: withTotal ? 0 : undefined };
  const parts = pageParts(node, sources, request);
  const rows = sql`(page m join entities e on e.no = m.no)`;
  const counted = sql`(select count(*)::int as total from matched) c left join ${rows} on true`;
  const result = await sql<EntityRow & PositionRow & { total?: number }>`${parts.with}
    select ${withTotal ? sql`c.total, ` : sql``}${positionColumns(request)}, ${entityColumns(request.withRelations)}
    from ${withTotal ? counted : rows} order by ${parts.order}`.execute(named(tx.db, 'catalog.page'));
  // Without a row on the page the total still comes, in a row of nulls.
  const found = result.rows.filter((row) => row.no !== null);
  const kept = found.slice(0, limit).map((row) => ({ ...row, position: positionOf(row, request) }));
  if (request.backwards === true) kept.reverse();
  return { rows: kept, more: found.length > limit, total: withTotal ? (result.rows[0]?.total ?? 0) : undefined };
}

/** A page as numbers alone, for results whose bodies are read piece by piece. */
export interface NumberPage {
  readonly numbers: readonly number[];
  readonly more: boolean;
  /** Where the last row stands. */
  readonly last: Position | undefined;
}

export async function readPageNumbers(
  tx: CatalogTx,
  node: PostingNode,
  literals: Literals,
  request: PageRequest,
): Promise<NumberPage> {
  const sources = request.order.map(({ field }) => literals.sourceOf(field));
  if (findsNothing(node, sources, request)) return { numbers: [], more: false, last: undefined };
  const parts = pageParts(node, sources, request);
  const result = await sql<PositionRow & { no: number }>`${parts.with}
    select m.no, ${positionColumns(request)} from page m order by ${parts.order}`.execute(
    named(tx.db, 'catalog.page-numbers'),
  );
  const kept = result.rows.slice(0, request.limit);
  const last = kept.at(-1);
  return {
    numbers: kept.map((row) => row.no),
    more: result.rows.length > kept.length,
    last: last === undefined ? undefined : positionOf(last, request),
  };
}
