import { sql } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { Tables } from './tables.ts';

/** Lets one process at a time set the platform up; held to the end of the transaction. */
export async function lockSetup(tx: Tx<Tables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('idp.auth.setup', 0))`.execute(
    named(tx.db, 'auth.lock-setup'),
  );
}
