import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** One row of `terms`. */
export interface Posting {
  keyId: number;
  valueId: number;
  no: number;
}

/** Adds the postings and takes away every other one of `known`; rows that stay are not touched. */
export async function replaceTerms(
  tx: CatalogTx,
  known: readonly number[],
  postings: readonly Posting[],
): Promise<void> {
  const rows = sql`unnest(${postings.map((p) => p.keyId)}::int[], ${postings.map((p) => p.valueId)}::int[],
    ${postings.map((p) => p.no)}::int[]) as new (key_id, value_id, no)`;
  const gone = sql`
    delete from terms t where t.no = any(${known}::int[]) and not exists (
      select from ${rows} where new.key_id = t.key_id and new.value_id = t.value_id and new.no = t.no)`;
  const added = sql`
    insert into terms (key_id, value_id, no) select new.key_id, new.value_id, new.no from ${rows} on conflict do nothing`;
  await Promise.all([
    known.length > 0 ? gone.execute(named(tx.db, 'catalog.delete-terms')) : undefined,
    postings.length > 0 ? added.execute(named(tx.db, 'catalog.insert-terms')) : undefined,
  ]);
}
