import { sql, type Kysely } from 'kysely';
import type { PlatformDoor } from '../platform-door.ts';
import type { RecordChunk } from '../transport/transport.ts';

/** Starts at one offset without an outcome before events run one by one. */
const startsBeforeSuspicion = 3;

/** The process has died here before: `offset` is where it began last, `starts` how often. */
export interface Suspicion {
  offset: number;
  starts: number;
}

export interface CrashCounter {
  /** Records the first chunk of a partition. Resolves with a suspicion when the process keeps dying on it. */
  begin(chunk: RecordChunk): Promise<Suspicion | undefined>;
  /** Records one event before it runs. */
  beforeEvent(chunk: RecordChunk, offset: number): Promise<void>;
  /** The process is still alive. Further chunks of the partition are not recorded once one has `succeeded`. */
  end(chunk: RecordChunk, succeeded: boolean): Promise<void>;
}

/** Finds the event that kills the process. The normal path pays two statements per partition and process. */
export function createCrashCounter({ door, consumer }: { door: PlatformDoor; consumer: string }): CrashCounter {
  const proven = new Set<string>();
  const placeOf = ({ topic, part }: RecordChunk): string => `${topic}/${part}`;
  return {
    async begin(chunk) {
      if (proven.has(placeOf(chunk))) return undefined;
      const suspicion = await door.transaction((tx) => recordStart(tx.db, consumer, chunk));
      return suspicion.starts >= startsBeforeSuspicion ? suspicion : undefined;
    },
    beforeEvent: (chunk, offset) => door.transaction((tx) => recordEvent(tx.db, consumer, chunk, offset)),
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
): Promise<Suspicion> {
  const { rows } = await sql<Suspicion>`
    insert into partition_starts as s (consumer, topic, part, "offset", starts)
    values (${consumer}, ${topic}, ${part}, ${records[0]!.offset}, 1)
    on conflict (consumer, topic, part) do update set
      starts = case when s."offset" between excluded."offset" and ${records.at(-1)!.offset} then s.starts + 1 else 1 end,
      "offset" = case when s."offset" between excluded."offset" and ${records.at(-1)!.offset} then s."offset" else excluded."offset" end
    returning "offset", starts`.execute(db);
  return rows[0]!;
}

async function recordEvent(
  db: Kysely<never>,
  consumer: string,
  { topic, part }: RecordChunk,
  offset: number,
): Promise<void> {
  await sql`
    update partition_starts set "offset" = ${offset}, starts = ${startsBeforeSuspicion}
    where consumer = ${consumer} and topic = ${topic} and part = ${part}`.execute(db);
}

async function clearStart(db: Kysely<never>, consumer: string, { topic, part }: RecordChunk): Promise<void> {
  await sql`
    delete from partition_starts where consumer = ${consumer} and topic = ${topic} and part = ${part}`.execute(db);
}

/** The event at this offset was recorded before and has no outcome. */
export function isKiller({ offset, starts }: Suspicion, candidate: number): boolean {
  return candidate === offset && starts > startsBeforeSuspicion;
}
