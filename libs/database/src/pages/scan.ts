import type { SelectQueryBuilder } from 'kysely';
import { keyset, positionOf, type SortKey } from './paginate.ts';

/**
 * All rows of a query in chunks by keyset, `chunk` rows at a time (default 500). Each chunk is one statement, so rows
 * that appear or vanish meanwhile never make another row appear twice or be left out.
 */
export async function* scan<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  { sort, chunk = 500 }: { sort: readonly SortKey[]; chunk?: number },
): AsyncGenerator<O[]> {
  let position: ReturnType<typeof positionOf> | undefined;
  for (;;) {
    const rows = await keyset(query, sort, 'asc', position).limit(chunk).execute();
    if (rows.length > 0) yield rows;
    if (rows.length < chunk) return;
    position = positionOf(rows.at(-1), sort);
  }
}
