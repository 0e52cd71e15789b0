import { sql, type RawBuilder } from 'kysely';
import type { Position } from '../../domain/query/cursor.ts';
import type { SortField } from '../../domain/query/order.ts';
import type { PostingNode, PostingSource } from '../../domain/query/postings.ts';
import { matching, sortValues } from './posting-sql.ts';
import { beyond, orderBy, type SortColumn } from './sort-sql.ts';

type Sql = RawBuilder<unknown>;
type Sources = readonly (PostingSource | undefined)[];

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
}

/** Sort values of one row, named as `positionColumns` names them. */
export interface PositionRow {
  readonly [sortColumn: `s${number}`]: string | null;
  readonly tie: string | number;
}

/**
 * The parts of a page statement: `with` defines `matched` (numbers and sort values of all matching entities) and `page`
 * (the rows of the page and one more, unordered); `order` sorts `page m`.
 */
export function pageParts(node: PostingNode, sources: Sources, request: PageRequest): { with: Sql; order: Sql } {
  const { limit, offset = 0, position, backwards = false } = request;
  const columns = sortColumns(request);
  const order = orderBy(columns, backwards);
  const keyset = position === undefined ? sql`` : sql`where ${beyond(columns, position, backwards)}`;
  const rows = limit === 0 ? 0 : limit + 1;
  return {
    with: sql`with ${matched(node, sources, request)},
      page as (select * from matched m ${keyset} order by ${order} limit ${rows} offset ${offset})`,
    order,
  };
}

/**
 * Defines `matched`: numbers and sort values of the matching entities; of several values of one field the smallest counts. The
 * values of a field that is joined are read once, as the set of hits is (`matching`), and not for every entity.
 */
function matched(node: PostingNode, sources: Sources, { missing, ties }: PageRequest): Sql {
  const [first] = sources;
  const dropping = missing === 'drop' && first !== undefined;
  const base = dropping ? sql`(${sortValues(first)}) b` : sql`entities b`;
  // Terms belong to living entities; relations may end at a ref without one. Said so that no index of living entities offers itself
  // to be read whole for each number.
  const isLiving = sql`exists (select 1 from entities l where l.no = b.no and (l.deleted_at is not null) is false) and `;
  const living = dropping ? (first.kind === 'terms' ? sql`` : isLiving) : sql`b.deleted_at is null and `;
  const joined = sources.map((of, index) => (dropping && index === 0 ? undefined : of));
  const tables = joined.map((of, index) => (of ? sql`${alias(index)} as materialized (${sortValues(of)}), ` : sql``));
  const joins = joined.map((of, index) => (of ? sql` left join ${alias(index)} on ${alias(index)}.no = b.no` : sql``));
  const values = sources.map((of, index) => {
    const value = dropping && index === 0 ? sql`b.value` : sql`${alias(index)}.value`;
    return sql`, ${of === undefined ? sql`null::text` : sql`min(${value})`} as ${sql.id(`s${index}`)}`;
  });
  const ref = ties === 'ref' ? sql`, r.ref` : sql``;
  const refs = ties === 'ref' ? sql` join refs r on r.no = b.no` : sql``;
  const grouping = sources.length === 0 ? sql`` : sql` group by b.no${ref}`;
  const hits = matching(node);
  return sql`${hits.with}${sql.join(tables, sql``)}matched as (
    select b.no${ref}${sql.join(values, sql``)} from ${base}${refs}${sql.join(joins, sql``)}
    where ${living}${hits.where(sql`b.no`)}${grouping})`;
}

const alias = (index: number): Sql => sql.id(`v${index}`);

function sortColumns({ order, missing, ties }: PageRequest): SortColumn[] {
  const columns = order.map((field, index) => ({
    column: sql`m.${sql.id(`s${index}`)}`,
    order: field.order,
    nullable: missing === 'last' || index > 0,
  }));
  return [...columns, { column: ties === 'ref' ? sql`m.ref` : sql`m.no`, order: 'asc', nullable: false }];
}

/** Selects where a row stands. */
export function positionColumns({ order, ties }: PageRequest): Sql {
  const values = order.map((_, index) => sql`m.${sql.id(`s${index}`)}, `);
  return sql`${sql.join(values, sql``)}${ties === 'ref' ? sql`m.ref` : sql`m.no`} as tie`;
}

/** Where a row stands. */
export function positionOf(row: PositionRow, { order }: PageRequest): Position {
  return [...order.map((_, index) => row[`s${index}`] ?? null), row.tie];
}

/** The request asks for entities that have a field no entity has. */
export function findsNothing(node: PostingNode, sources: Sources, { missing }: PageRequest): boolean {
  return node.op === 'never' || (missing === 'drop' && sources.length > 0 && sources[0] === undefined);
}
