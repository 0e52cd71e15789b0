import { ValidationError } from '@idp/errors';
import { boundedPage, boundedTotal, paginate, type SortKey, type Tx } from '@idp/database';
import { cursor, limit, principalOf } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/** Members of a bounded list: by cursor, or by the number of the page. */
export const listPageQuery = {
  limit: limit(),
  cursor: cursor(),
  page: z.int().min(1).max(10_000).optional().meta({ description: 'Number of the page, from 1; excludes `cursor`' }),
};

export interface ListPage<R> {
  data: R[];
  meta: { limit: number; total: number; totalIsMinimum?: true; page?: number; nextCursor?: string };
}

/** What `paginate` and `boundedTotal` take: a query with its filters and without order or limit. */
type ListQuery<DB> = Parameters<typeof paginate<DB, keyof DB, object>>[1];

/**
 * One page of a list with its total. The cursor is bound to the caller, the operation and everything in `asked` that
 * selects. 400 for a page together with a cursor, and beyond 10,000 rows.
 */
export async function readListPage<DB, R extends object>(
  tx: Tx<DB>,
  request: FastifyRequest,
  query: { execute(): Promise<R[]> },
  { sort, asked }: { sort: readonly SortKey[]; asked: ListPageRequest },
): Promise<ListPage<R>> {
  const { limit: size, cursor: position, page, ...filter } = asked;
  const rows = query as unknown as ListQuery<DB>;
  if (page !== undefined) {
    if (position !== undefined) throw new ValidationError('page and cursor exclude each other');
    const { offset } = boundedPage({ page, limit: size });
    const ordered = sort.reduce((sorted, { column }) => sorted.orderBy(column as never), rows);
    const [data, total] = await Promise.all([
      ordered.limit(size).offset(offset).execute() as Promise<R[]>,
      boundedTotal(tx, rows),
    ]);
    return { data, meta: { limit: size, page, ...total } };
  }
  const binding = {
    principal: principalOf(request).id,
    route: `${request.method} ${request.routeOptions.url ?? ''}`,
    filter: { path: request.params, ...filter },
  };
  const [{ data, nextCursor }, total] = await Promise.all([
    paginate(tx, rows, { sort, cursor: position, limit: size, binding }),
    boundedTotal(tx, rows),
  ]);
  return { data: data as R[], meta: { limit: size, ...total, ...(nextCursor !== undefined && { nextCursor }) } };
}

export interface ListPageRequest {
  limit: number;
  cursor?: string | undefined;
  page?: number | undefined;
  [filter: string]: unknown;
}
