import { sql, type SelectQueryBuilder } from 'kysely';
import { ValidationError } from '@idp/errors';
import type { Tx } from '../contract.ts';
import { pageLimit } from './paginate.ts';

/** Rows an offset may skip over, and the largest exact total. */
const boundedRowsMax = 10_000;

export interface BoundedPage {
  page: number;
  limit: number;
  offset: number;
}

/** `page`, `limit` and offset of a bounded collection; ValidationError where `page × limit` is above 10,000. */
export function boundedPage(input: { page?: number | undefined; limit?: number | undefined }): BoundedPage {
  const limit = pageLimit(input.limit);
  const page = input.page ?? 1;
  if (!Number.isInteger(page) || page < 1 || page * limit > boundedRowsMax) {
    throw new ValidationError('The page is out of bounds.', {
      issues: [{ path: 'query.page', message: `page × limit is at most ${boundedRowsMax}; use the cursor beyond it` }],
    });
  }
  return { page, limit, offset: (page - 1) * limit };
}

export interface BoundedTotal {
  total: number;
  /** The collection holds more than `total`. */
  totalIsMinimum?: true;
}

/** Number of rows of a query, exact to 10,000; counting stops there. */
export async function boundedTotal<DB, TB extends keyof DB, O>(
  tx: Pick<Tx<DB>, 'db'>,
  query: SelectQueryBuilder<DB, TB, O>,
): Promise<BoundedTotal> {
  const counted = query.limit(boundedRowsMax + 1);
  const { rows } = await sql<{ total: number }>`select count(*) as total from (${counted}) as counted`.execute(tx.db);
  const total = rows[0]?.total ?? 0;
  return total > boundedRowsMax ? { total: boundedRowsMax, totalIsMinimum: true } : { total };
}
