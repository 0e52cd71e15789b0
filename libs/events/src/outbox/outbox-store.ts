import { sql, type Kysely } from 'kysely';

type Platform = Kysely<never>;

export interface OutboxRow {
  seq: number;
  topic: string;
  key: string;
  headers: string;
  payload: Buffer | null;
}

/** Locks one shard that has rows to publish and that no other relay works on; undefined when there is none. */
export async function lockShard(db: Platform, heldTopics: readonly string[]): Promise<number | undefined> {
  const { rows } = await sql<{ shard: number }>`
    select s.shard from outbox_shards s
    where exists (select from outbox o where o.shard = s.shard and o.topic <> all (${heldTopics}))
    order by random() limit 1 for update skip locked`.execute(db);
  return rows[0]?.shard;
}

export async function hasRows(db: Platform, heldTopics: readonly string[]): Promise<boolean> {
  const { rows } = await sql<{ present: boolean }>`
    select exists (select from outbox o where o.topic <> all (${heldTopics})) as present`.execute(db);
  return rows[0]?.present === true;
}

/** A statement of its own after the lock: a snapshot older than the lock would show rows that were published meanwhile. */
export async function readShard(
  db: Platform,
  shard: number,
  heldTopics: readonly string[],
  limit: number,
): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    select seq, topic, key, headers, payload from outbox
    where shard = ${shard} and topic <> all (${heldTopics}) order by seq limit ${limit}`.execute(db);
  return rows;
}

export async function deletePublished(db: Platform, shard: number, seqs: readonly number[]): Promise<void> {
  await sql`
    with gone as (delete from outbox where seq = any (${seqs}) returning 1)
    update outbox_shards set published = published + (select count(*) from gone), published_at = now()
    where shard = ${shard}`.execute(db);
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
