import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/**
 * Held until the end of the transaction by whoever gives out numbers of refs, keys and values. Always taken before row
 * locks, so that two writers never wait for each other.
 */
export async function lockNumbers(tx: CatalogTx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`catalog:${tx.tenantId}:numbers`}, 0))`.execute(
    named(tx.db, 'catalog.lock-numbers'),
  );
}
