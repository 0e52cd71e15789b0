import { sql, type RawBuilder } from 'kysely';
import type { Position } from '../../domain/query/cursor.ts';
import type { SortField } from '../../domain/query/order.ts';
import type { Literals, PostingNode, PostingSource } from '../../domain/query/postings.ts';
import { entityColumns, type EntityRow } from './entity-rows.ts';
import { matches, sortValues } from './posting-sql.ts';
import type { QueryTx } from './query-tx.ts';
import { beyond, orderBy, type SortColumn } from './sort-sql.ts';

type Sql = RawBuilder<unknown>;

/** How matching entities are sorted and cut. */
export interface PageRequest {
  readonly order: readonly SortField[];
  /** What happens to entities without the first sort field: they come last, or are in neither page nor total. */
  readonly missing: 'last' | 'drop';
  /** What orders equal sort values; also the whole order without sort fields. */
  readonly ties: 'number' | 'ref';
  /** Rows of the page; 0 only counts. */
  readonly limit: number;
  readonly offset?: number;
  /** Go on after this row, or before it when reading backwards. */
  readonly position?: Position;
  readonly backwards?: boolean;
  readonly withTotal: boolean;
  readonly withRelations: boolean;
}

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

interface RawRow extends EntityRow {
  readonly total?: number;
  readonly [sortColumn: `s${number}`]: string | null;
  readonly ref?: string;
}

/** Query `catalog.page`: total and one page of the matching entities, from one statement. */
export async function readPage(
  tx: QueryTx,
  node: PostingNode,
  literals: Literals,
  request: PageRequest,
): Promise<Page> {
  const sources = request.order.map(({ field }) => literals.sourceOf(field));
  if (node.op === 'never' || (request.missing === 'drop' && sources.length > 0 && sources[0] === undefined)) {
    return { rows: [], more: false, total: request.withTotal ? 0 : undefined };
  }
  const result = await pageStatement(node, sources, request).execute(tx.db);
  const found = result.rows.filter((row) => row.no !== null);
  const more = found.length > request.limit;
  const kept = found.slice(0, request.limit);
  if (request.backwards === true) kept.reverse();
  return {
    rows: kept.map((row) => ({ ...row, position: positionOf(row, request) })),
    more,
    total: request.withTotal ? (result.rows[0]?.total ?? 0) : undefined,
  };
}

function pageStatement(
  node: PostingNode,
  sources: readonly (PostingSource | undefined)[],
  request: PageRequest,
): RawBuilder<RawRow> {
  const { withTotal, limit, offset = 0, position, backwards = false } = request;
  const columns = sortColumns(request);
  const order = orderBy(columns, backwards);
  const keyset = position === undefined ? sql`` : sql`where ${beyond(columns, position, backwards)}`;
  const page = sql`select * from matched m ${keyset} order by ${order} limit ${limit === 0 ? 0 : limit + 1} offset ${offset}`;
  const rows = sql`(page m join entities e on e.no = m.no and e.deleted_at is null)`;
  const counted = sql`(select count(*)::int as total from matched) c left join ${rows} on true`;
  return sql<RawRow>`
    with matched as (${matchedNumbers(node, sources, request)}), page as (${page})
    select ${withTotal ? sql`c.total, ` : sql``}${sql.join(positionColumns(request), sql`, `)}, ${entityColumns(request.withRelations)}
    from ${withTotal ? counted : rows}
    order by ${order}`;
}

/** Numbers and sort values of the matching entities; of several values of one field the smallest counts. */
function matchedNumbers(
  node: PostingNode,
  sources: readonly (PostingSource | undefined)[],
  { missing, ties }: PageRequest,
): Sql {
  const [first] = sources;
  const dropping = missing === 'drop' && first !== undefined;
  const base = dropping ? sql`(${sortValues(first)}) b` : sql`entities b`;
  const living = dropping ? sql`` : sql`b.deleted_at is null and `;
  const joins = sources.map((of, index) => {
    if (of === undefined || (dropping && index === 0)) return sql``;
    const alias = sql.id(`v${index}`);
    return sql` left join (${sortValues(of)}) ${alias} on ${alias}.no = b.no`;
  });
  const values = sources.map((of, index) => {
    const value = dropping && index === 0 ? sql`b.value` : sql`${sql.id(`v${index}`)}.value`;
    return sql`, ${of === undefined ? sql`null::text` : sql`min(${value})`} as ${sql.id(`s${index}`)}`;
  });
  const ref = ties === 'ref' ? sql`, r.ref` : sql``;
  const refs = ties === 'ref' ? sql` join refs r on r.no = b.no` : sql``;
  const grouping = sources.length === 0 ? sql`` : sql` group by b.no${ref}`;
  return sql`select b.no${ref}${sql.join(values, sql``)} from ${base}${refs}${sql.join(joins, sql``)}
    where ${living}${matches(node, sql`b.no`)}${grouping}`;
}

function sortColumns({ order, missing, ties }: PageRequest): SortColumn[] {
  const columns = order.map((field, index) => ({
    column: sql`m.${sql.id(`s${index}`)}`,
    order: field.order,
    nullable: missing === 'last' || index > 0,
  }));
  return [...columns, { column: ties === 'ref' ? sql`m.ref` : sql`m.no`, order: 'asc', nullable: false }];
}

function positionColumns({ order, ties }: PageRequest): Sql[] {
  const values = order.map((_, index) => sql`m.${sql.id(`s${index}`)}`);
  return ties === 'ref' ? [...values, sql`m.ref`] : [...values, sql`m.no as tie`];
}

function positionOf(row: RawRow, { order, ties }: PageRequest): Position {
  const values = order.map((_, index) => row[`s${index}`] ?? null);
  return [...values, ties === 'ref' ? (row.ref ?? null) : row.no];
}
