import { sql, type Kysely } from 'kysely';

type Platform = Kysely<never>;

export interface OutboxRow {
  seq: number;
  shard: number;
  topic: string;
  key: string;
  headers: string;
  payload: Buffer | null;
}

/** Locks up to `limit` shards that have rows to publish and that no other relay works on. */
export async function lockShards(db: Platform, heldTopics: readonly string[], limit: number): Promise<number[]> {
  const { rows } = await sql<{ shard: number }>`
    select s.shard from outbox_shards s
    where exists (select from outbox o where o.shard = s.shard and o.topic <> all (${heldTopics}))
    order by random() limit ${limit} for update skip locked`.execute(db);
  return rows.map((row) => row.shard);
}

export async function hasRows(db: Platform, heldTopics: readonly string[]): Promise<boolean> {
  const { rows } = await sql<{ present: boolean }>`
    select exists (select from outbox o where o.topic <> all (${heldTopics})) as present`.execute(db);
  return rows[0]?.present === true;
}

/**
 * The oldest rows of each shard. A statement of its own after the lock: a snapshot older than the lock would show rows that were
 * published meanwhile.
 */
export async function readShards(
  db: Platform,
  shards: readonly number[],
  heldTopics: readonly string[],
  limitEach: number,
): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    select o.* from unnest(${shards}::smallint[]) s (no), lateral (
      select seq, shard, topic, key, headers, payload from outbox
      where shard = s.no and topic <> all (${heldTopics}) order by seq limit ${limitEach}) o
    order by o.seq`.execute(db);
  return rows;
}

export async function deletePublished(db: Platform, seqs: readonly number[]): Promise<void> {
  await sql`
    with gone as (delete from outbox where seq = any (${seqs}) returning shard)
    update outbox_shards s set published = s.published + g.count, published_at = now()
    from (select shard, count(*) from gone group by shard) g where s.shard = g.shard`.execute(db);
}

export async function moveRefused(db: Platform, seqs: readonly number[], reason: string): Promise<void> {
  await sql`
    with gone as (delete from outbox where seq = any (${seqs}) returning *)
    insert into outbox_refused (seq, tenant_id, shard, event_id, topic, key, headers, payload, created_at, reason)
    select seq, tenant_id, shard, event_id, topic, key, headers, payload, created_at, ${reason} from gone
    on conflict (seq) do nothing`.execute(db);
}

export interface OutboxDepth {
  pending: number;
  oldestAgeSeconds: number;
  refused: number;
}

export async function measureOutbox(db: Platform): Promise<OutboxDepth> {
  const { rows } = await sql<{ pending: number; age: number; refused: number }>`
    select count(*) as pending,
      coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as age,
      (select count(*) from outbox_refused) as refused
    from outbox`.execute(db);
  const row = rows[0];
  return { pending: row?.pending ?? 0, oldestAgeSeconds: row?.age ?? 0, refused: row?.refused ?? 0 };
}

/** How long the oldest unpublished row of these topics has waited, in milliseconds; 0 where there is none. */
export async function measureWaiting(db: Platform, topics: readonly string[]): Promise<number> {
  const { rows } = await sql<{ waited: number }>`
    select coalesce(extract(epoch from now() - min(created_at)) * 1000, 0)::float8 as waited
    from outbox where topic = any (${topics})`.execute(db);
  return rows[0]?.waited ?? 0;
}
