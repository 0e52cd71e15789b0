import { sql, type Kysely } from 'kysely';

// The bus has one schema per database; its functions decide by session_user what the caller may do.
type Bus = Kysely<never>;

export interface TakenRow {
  taken_topic: string;
  taken_part: number;
  end_offset: number;
  record_offset: number | null;
  record_key: string;
  record_headers: string;
  record_payload: Buffer | null;
}

export interface FetchedRow {
  record_offset: number;
  record_key: string;
  record_headers: string;
  record_payload: Buffer | null;
}

export interface AppendColumns {
  parts: number[];
  keys: string[];
  headers: string[];
  payloads: (Uint8Array | null)[];
}

export async function appendRecords(db: Bus, topic: string, columns: AppendColumns): Promise<void> {
  const { parts, keys, headers, payloads } = columns;
  await sql`select bus.append(${topic}, ${parts}, ${keys}, ${headers}, ${payloads})`.execute(db);
}

export async function joinGroup(db: Bus, group: string, topics: readonly string[], from: string): Promise<void> {
  await sql`select bus.join_group(${group}, ${topics}, ${from})`.execute(db);
}

export async function listPending(db: Bus, groups: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ group_name: string }>`select group_name from bus.pending(${groups})`.execute(db);
  return rows.map((row) => row.group_name);
}

/** The transaction that takes a partition waits for the effect: it may be idle for longer than an ordinary one. */
export async function allowIdle(db: Bus, seconds: number): Promise<void> {
  await sql`select set_config('idle_in_transaction_session_timeout', ${`${seconds}s`}, true)`.execute(db);
}

export async function takeRecords(db: Bus, group: string, limit: number): Promise<TakenRow[]> {
  const { rows } = await sql<TakenRow>`select * from bus.take(${group}, ${limit})`.execute(db);
  return rows;
}

export async function fetchRecords(
  db: Bus,
  topic: string,
  part: number,
  from: number,
  limit: number,
): Promise<FetchedRow[]> {
  const { rows } = await sql<FetchedRow>`select * from bus.fetch(${topic}, ${part}, ${from}, ${limit})`.execute(db);
  return rows;
}

export async function commitOffset(db: Bus, group: string, topic: string, part: number, offset: number): Promise<void> {
  await sql`select bus.commit(${group}, ${topic}, ${part}, ${offset})`.execute(db);
}

export async function heartbeat(db: Bus): Promise<void> {
  await sql`select 1`.execute(db);
}

export async function listLag(db: Bus, group: string): Promise<{ topic: string; part: number; records: number }[]> {
  const { rows } = await sql<{ topic: string; part: number; records: number }>`
    select in_topic as topic, in_part as part, records from bus.lag(${group})`.execute(db);
  return rows;
}

export async function listHeads(
  db: Bus,
  topics: readonly string[],
): Promise<{ topic: string; part: number; end: number }[]> {
  const { rows } = await sql<{ topic: string; part: number; end: number }>`
    select in_topic as topic, in_part as part, next_offset as end from bus.heads(${topics})`.execute(db);
  return rows;
}

export async function listOwnedTopics(db: Bus): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ topic_name: string; partition_count: number }>`
    select topic_name, partition_count from bus.owned_topics()`.execute(db);
  return new Map(rows.map((row) => [row.topic_name, row.partition_count]));
}

export async function retainRecords(db: Bus, limit: number): Promise<number> {
  const { rows } = await sql<{ retain: number }>`select bus.retain(${limit}) as retain`.execute(db);
  return rows[0]?.retain ?? 0;
}
