import { busDoor, platformDoor, type Database } from '@idp/database';
import { sql, type Kysely } from 'kysely';
import { retainRecords } from '../postgres/statements.ts';

/** Rows deleted in one transaction. */
const chunk = 10_000;

// Purges touch the tables of the libs alone.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyDatabase = Database<any>;

export interface PurgeOptions {
  signal: AbortSignal;
}

/** Forgets which events a consumer has dealt with, once they cannot come again. Resolves with the number of rows. */
export function purgeInbox(
  database: AnyDatabase,
  { consumer, olderThanHours }: { consumer: string; olderThanHours: number },
  options: PurgeOptions,
): Promise<number> {
  // What still waits or is dead keeps its row: a record that comes again must find it.
  return inChunks(database, options, async (db) => {
    const { numAffectedRows } = await sql`
      delete from inbox where (tenant_id, consumer, event_id) in (
        select tenant_id, consumer, event_id from inbox
        where consumer = ${consumer} and processed_at < now() - ${olderThanHours} * interval '1 hour'
          and outcome in ('applied', 'skipped')
        limit ${chunk})`.execute(db);
    return Number(numAffectedRows ?? 0n);
  });
}

/** Deletes dead letters that were closed so long ago. Resolves with the number of rows. */
export function purgeDeadLetters(
  database: AnyDatabase,
  { closedForDays }: { closedForDays: number },
  options: PurgeOptions,
): Promise<number> {
  return inChunks(database, options, async (db) => {
    const { numAffectedRows } = await sql`
      delete from dead_letters where (tenant_id, id) in (
        select tenant_id, id from dead_letters
        where status <> 'open' and closed_at < now() - ${closedForDays} * interval '1 day' limit ${chunk})`.execute(db);
    return Number(numAffectedRows ?? 0n);
  });
}

/** Deletes expired and superseded records of the service's topics from the bus. Resolves with the number of records. */
export async function purgeBus(database: AnyDatabase, { signal }: PurgeOptions): Promise<number> {
  const door = busDoor<never>(database as Database<never>);
  return untilDone(signal, () => door.transaction((tx) => retainRecords(tx.db, chunk), { signal }));
}

function inChunks(
  database: AnyDatabase,
  { signal }: PurgeOptions,
  remove: (db: Kysely<never>) => Promise<number>,
): Promise<number> {
  const door = platformDoor<never>(database as Database<never>);
  return untilDone(signal, () => door.transaction((tx) => remove(tx.db), { signal }));
}

async function untilDone(signal: AbortSignal, remove: () => Promise<number>): Promise<number> {
  let all = 0;
  let gone: number;
  do {
    signal.throwIfAborted();
    gone = await remove();
    all += gone;
  } while (gone === chunk);
  return all;
}
