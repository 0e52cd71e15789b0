import { cursorVersion, type Cursor, type Position } from '../domain/query/cursor.ts';
import type { JsonObject, Projection } from '../domain/query/fields.ts';
import { allOf, everything, textIn, type QueryNode } from '../domain/query/tree.ts';
import { entityJson, type EntityText } from '../store/query/entity-rows.ts';
import type { Page } from '../store/query/page.ts';
import { queryEntities } from '../store/query/query-entities.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import type { ListRequest } from './list-request.ts';

/** One page of `/entities/by-query`. */
export interface ListPage {
  /** Entities as JSON texts. */
  readonly items: readonly string[];
  readonly totalItems: number;
  readonly nextCursor: Cursor | undefined;
  readonly prevCursor: Cursor | undefined;
}

/** Reads one page of what `visible` leaves of a query. */
export async function readListPage(
  tx: CatalogTx,
  request: ListRequest,
  visible: QueryNode,
  projection: Projection | undefined,
): Promise<ListPage> {
  const { from, fullText, limit, offset } = request;
  const text = fullText === undefined ? everything : textIn(fullText.fields, fullText.term);
  const { page } = await queryEntities(tx, {
    tree: allOf([visible, request.query, text]),
    page: {
      order: request.orderFields.slice(0, 1),
      missing: 'drop',
      ties: 'number',
      limit,
      offset,
      ...(from === undefined ? {} : { position: from.position, backwards: from.isPrevious }),
      withTotal: request.withTotal && from?.totalItems === undefined,
      withRelations: projection?.withRelations ?? true,
    },
  });
  const totalItems = page.total ?? from?.totalItems ?? 0;
  return {
    items: page.rows.map((row) => itemJson(row, projection)),
    totalItems,
    ...cursors(request, page, totalItems),
  };
}

/** An entity as served, cut to the projection. */
export function itemJson(row: EntityText, projection: Projection | undefined): string {
  const json = entityJson(row);
  return projection === undefined ? json : JSON.stringify(projection.project(JSON.parse(json) as JsonObject));
}

function cursors(
  request: ListRequest,
  page: Page,
  totalItems: number,
): { nextCursor: Cursor | undefined; prevCursor: Cursor | undefined } {
  const first = page.rows[0]?.position;
  const last = page.rows.at(-1)?.position;
  if (first === undefined || last === undefined) return { nextCursor: undefined, prevCursor: undefined };
  const { from } = request;
  const backwards = from?.isPrevious === true;
  const cursorAt = (position: Position, isPrevious: boolean): Cursor => ({
    v: cursorVersion,
    orderFields: request.orderFields,
    isPrevious,
    ...(request.query.op === 'all' && request.query.nodes.length === 0 ? {} : { query: request.query }),
    ...(request.fullText === undefined ? {} : { fullTextFilter: request.fullText }),
    orderFieldValues: position,
    firstSortFieldValues: from?.firstSortFieldValues ?? first,
    totalItems,
  });
  return {
    // Read backwards, the page this one was reached from follows.
    nextCursor: backwards || page.more ? cursorAt(last, false) : undefined,
    prevCursor: from !== undefined && (!backwards || page.more) ? cursorAt(first, true) : undefined,
  };
}
