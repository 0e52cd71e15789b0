import { sql, type Kysely } from 'kysely';
import type { PlatformDoor } from '../platform-door.ts';
import type { RecordChunk } from '../transport/transport.ts';

/** Starts at one offset without an outcome before events run one by one. */
const startsBeforeSuspicion = 3;
/** From here on `starts` counts how often the one event at `offset` was about to run alone. */
const aloneOnce = startsBeforeSuspicion + 1;

export interface CrashCounter {
  /** Records the first chunk of a partition. Resolves true when the process keeps dying on it: its events must run alone. */
  begin(chunk: RecordChunk): Promise<boolean>;
  /** Records one event before it runs alone. Resolves true when it was recorded before and had no outcome. */
  beforeAlone(chunk: RecordChunk, offset: number): Promise<boolean>;
  /** The process is still alive. Further chunks of the partition are not recorded once one has `succeeded`. */
  end(chunk: RecordChunk, succeeded: boolean): Promise<void>;
}

/** Finds the event that kills the process. The normal path pays two statements per partition and process. */
export function createCrashCounter({ door, consumer }: { door: PlatformDoor; consumer: string }): CrashCounter {
  const proven = new Set<string>();
  const placeOf = ({ topic, part }: RecordChunk): string => `${topic}/${part}`;
  return {
    async begin(chunk) {
      if (proven.has(placeOf(chunk))) return false;
      return door.transaction((tx) => recordStart(tx.db, consumer, chunk));
    },
    beforeAlone: (chunk, offset) => door.transaction((tx) => recordAlone(tx.db, consumer, chunk, offset)),
    async end(chunk, succeeded) {
      if (proven.has(placeOf(chunk))) return;
      await door.transaction((tx) => clearStart(tx.db, consumer, chunk));
      if (succeeded) proven.add(placeOf(chunk));
    },
  };
}

/** A start within the chunk of the last one counts on; any other offset means that there was progress. */
async function recordStart(
  db: Kysely<never>,
  consumer: string,
  { topic, part, records }: RecordChunk,
): Promise<boolean> {
  const { rows } = await sql<{ starts: number }>`
    insert into partition_starts as s (consumer, topic, part, "offset", starts)
    values (${consumer}, ${topic}, ${part}, ${records[0]!.offset}, 1)
    on conflict (consumer, topic, part) do update set
      starts = case when s."offset" not between excluded."offset" and ${records.at(-1)!.offset} then 1
        when s.starts < ${startsBeforeSuspicion} then s.starts + 1 else s.starts end,
      "offset" = case when s."offset" between excluded."offset" and ${records.at(-1)!.offset} then s."offset" else excluded."offset" end
    returning starts`.execute(db);
  return rows[0]!.starts >= startsBeforeSuspicion;
}

/**
 * An earlier event of the chunk, which comes again because only the whole chunk moves the offset, leaves the row as it is: the
 * process died at the later one.
 */
async function recordAlone(
  db: Kysely<never>,
  consumer: string,
  { topic, part }: RecordChunk,
  offset: number,
): Promise<boolean> {
  const { rows } = await sql<{ again: boolean }>`
    update partition_starts s set
      starts = case when s.starts < ${aloneOnce} or s."offset" < ${offset} then ${aloneOnce}
        when s."offset" = ${offset} then s.starts + 1 else s.starts end,
      "offset" = case when s.starts < ${aloneOnce} then ${offset} else greatest(s."offset", ${offset}) end
    where consumer = ${consumer} and topic = ${topic} and part = ${part}
    returning s."offset" = ${offset} and s.starts > ${aloneOnce} as again`.execute(db);
  return rows[0]?.again === true;
}

async function clearStart(db: Kysely<never>, consumer: string, { topic, part }: RecordChunk): Promise<void> {
  await sql`
    delete from partition_starts where consumer = ${consumer} and topic = ${topic} and part = ${part}`.execute(db);
}
