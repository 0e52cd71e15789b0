import { sql, type Kysely } from 'kysely';
import { outboxShards } from '../outbox/shards.ts';

/** What of a service's outbox has not been published. Says nothing of keys, headers and payloads. */
export interface OutboxView {
  shards: { shard: number; pending: number; oldestAgeSeconds: number }[];
  /** Topics that this process does not try for the time being. */
  held: { topic: string; failures: number; nextTryMs: number }[];
  refused: { topic: string; reason: string; events: number; lastRefusedAt: string }[];
}

export async function listShards(db: Kysely<never>): Promise<OutboxView['shards']> {
  const { rows } = await sql<OutboxView['shards'][number]>`
    select s as shard, count(o.seq) as pending,
      coalesce(extract(epoch from now() - min(o.created_at)), 0)::float8 as "oldestAgeSeconds"
    from generate_series(0, ${outboxShards - 1}) s left join outbox o on o.shard = s group by s order by s`.execute(db);
  return rows;
}

/** The last refusals come first. */
export async function listRefused(db: Kysely<never>): Promise<OutboxView['refused']> {
  const { rows } = await sql<OutboxView['refused'][number]>`
    select topic, reason, count(*) as events, max(refused_at) as "lastRefusedAt"
    from outbox_refused group by topic, reason order by max(refused_at) desc limit 100`.execute(db);
  return rows;
}
