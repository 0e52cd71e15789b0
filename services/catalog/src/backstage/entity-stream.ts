import type { Door } from '@idp/database';
import type { Projection } from '../domain/query/fields.ts';
import { allOf, type QueryNode } from '../domain/query/tree.ts';
import { findEntitiesByNumbers } from '../store/query/find-entity.ts';
import type { NumberPage } from '../store/query/page.ts';
import { queryEntityNumbers } from '../store/query/query-entities.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import type { EntitiesRequest } from './entities-page.ts';
import { itemJson } from './list-page.ts';

/** Entities whose bodies are read by one statement. */
const batchSize = 250;

/** More than a tenant can have. */
const noLimit = 2_000_000_000;

/** The numbers of the asked entities in list order; without paging, entities without the first sort field are dropped. */
export function listNumbers(tx: CatalogTx, request: EntitiesRequest, visible: QueryNode): Promise<NumberPage> {
  const { query, order, whole, limit = noLimit, offset, position } = request;
  return queryEntityNumbers(tx, {
    tree: allOf([visible, query]),
    page: {
      order,
      missing: whole ? 'drop' : 'last',
      ties: 'ref',
      limit,
      offset,
      ...(position === undefined ? {} : { position }),
    },
  });
}

/** The living entities of these numbers as JSON texts, in the order of the numbers. */
export async function readEntities(
  tx: CatalogTx,
  numbers: readonly number[],
  projection: Projection | undefined,
): Promise<string[]> {
  if (numbers.length === 0) return [];
  const rows = await findEntitiesByNumbers(tx, numbers, projection?.withRelations ?? true);
  const items = new Map(rows.map((row) => [row.no, itemJson(row, projection)]));
  return numbers.flatMap((no) => items.get(no) ?? []);
}

/**
 * A JSON array of many entities, batch by batch as the client takes it: memory holds the numbers and one batch, and no
 * transaction outlives its batch however slow the client is.
 */
export async function* entityBatches(
  // oxlint-disable-next-line typescript/no-explicit-any -- the queries are written in SQL
  door: Door<any>,
  numbers: readonly number[],
  projection: Projection | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let separator = '[';
  for (let start = 0; start < numbers.length; start += batchSize) {
    const batch = numbers.slice(start, start + batchSize);
    const items = await door.read((tx) => readEntities(tx, batch, projection), { signal });
    if (items.length === 0) continue;
    yield `${separator}${items.join(',')}`;
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}
