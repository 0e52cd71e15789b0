import { ValidationError } from '@idp/errors';
import { cursorVersion, invalidCursor, type Cursor, type FullText, type Position } from '../domain/query/cursor.ts';
import type { SortField } from '../domain/query/order.ts';
import { foldText } from '../domain/query/text.ts';
import type { QueryNode } from '../domain/query/tree.ts';

/** Rows of a page when the caller names no limit. */
export const byQueryLimitDefault = 200;

/** Rows of a page at most; a larger limit gives a shorter page with a cursor. */
export const byQueryLimitMax = 10_000;

/** A page of `/entities/by-query`, asked for by parameters, by body or by cursor. */
export interface ListRequest {
  readonly query: QueryNode;
  readonly fullText: FullText | undefined;
  /** Only the first sort field counts. */
  readonly orderFields: readonly SortField[];
  readonly limit: number;
  readonly offset: number;
  readonly withTotal: boolean;
  readonly from: CursorPosition | undefined;
}

/** Where a cursor goes on, and what it carries from page to page. */
export interface CursorPosition {
  readonly position: Position;
  readonly isPrevious: boolean;
  readonly firstSortFieldValues: Position | undefined;
  /** Undefined when it has to be counted anew. */
  readonly totalItems: number | undefined;
}

/** The first page of a query. Throws `ValidationError` for a limit or offset below zero. */
export function initialRequest(input: {
  query: QueryNode;
  fullText?: { term?: string | undefined; fields?: readonly string[] | undefined } | undefined;
  orderFields: readonly SortField[];
  limit?: number | undefined;
  offset?: number | undefined;
  totalItems?: 'include' | 'exclude' | undefined;
}): ListRequest {
  const { query, orderFields, limit, offset = 0, totalItems = 'include' } = input;
  if (offset < 0) throw new ValidationError('Invalid offset, must be zero or greater');
  return {
    query,
    fullText: normalizedText(input.fullText, orderFields),
    orderFields,
    limit: pageLimit(limit),
    offset,
    withTotal: totalItems === 'include',
    from: undefined,
  };
}

/** A page a verified cursor leads to; `sameRights` as told by its signature. */
export function continuedRequest(cursor: Cursor, sameRights: boolean, query: QueryNode, limit?: number): ListRequest {
  if (cursor.v !== cursorVersion) throw invalidCursor();
  const withTotal = cursor.totalItems > 0;
  return {
    query,
    fullText: cursor.fullTextFilter,
    orderFields: cursor.orderFields,
    limit: pageLimit(limit),
    offset: 0,
    withTotal,
    from: {
      position: cursor.orderFieldValues,
      isPrevious: cursor.isPrevious,
      firstSortFieldValues: cursor.firstSortFieldValues,
      totalItems: !withTotal ? 0 : sameRights ? cursor.totalItems : undefined,
    },
  };
}

function pageLimit(limit: number = byQueryLimitDefault): number {
  if (limit < 0) throw new ValidationError('Invalid limit, must be zero or greater');
  return Math.min(limit, byQueryLimitMax);
}

function normalizedText(
  fullText: { term?: string | undefined; fields?: readonly string[] | undefined } | undefined,
  orderFields: readonly SortField[],
): FullText | undefined {
  const term = foldText(fullText?.term?.trim() ?? '');
  if (term === '') return undefined;
  const named = (fullText?.fields ?? []).map((field) => field.trim()).filter((field) => field !== '');
  const fields = named.length > 0 ? named : [orderFields[0]?.field ?? 'metadata.uid'];
  return { term, fields: fields.map(foldText) };
}
