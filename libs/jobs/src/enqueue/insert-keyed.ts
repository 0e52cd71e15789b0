import { sql, type RawBuilder } from 'kysely';
import type { Enqueued, EnqueueOptions, JobTransaction } from './enqueue.ts';
import type { Origin } from './origin.ts';

/** A job on its way into the table; `payload` is JSON text. */
export interface NewJob extends EnqueueOptions {
  tenantId: string;
  id: string;
  queue: string;
  payload: string;
  origin: Origin | null;
}

const triesMax = 5;

/** Inserts a job at once: its keys decide whether and in which state it exists. The lock on its serial key is held already. */
export async function insertKeyed(tx: Pick<JobTransaction, 'platform'>, job: NewJob): Promise<Enqueued> {
  const options = { announce: 'jobs' };
  if (job.onDuplicate !== 'keep' || job.dedupKey === undefined) {
    const [row] = await tx.platform<Enqueued>(insertOrReplace(job), options);
    return { id: row!.id, created: row!.created };
  }
  for (let attempt = 1; attempt <= triesMax; attempt += 1) {
    const [created] = await tx.platform<{ id: string }>(sql`${insertJob(job)} do nothing returning id`, options);
    if (created !== undefined) return { id: created.id, created: true };
    // The twin was seen by the index; it may have ended since.
    const [twin] = await tx.platform<{ id: string }>(sql`
      select id from jobs where tenant_id = ${job.tenantId} and queue = ${job.queue} and dedup_key = ${job.dedupKey}
        and state <> 'dead'`);
    if (twin !== undefined) return { id: twin.id, created: false };
  }
  throw new Error(`the twin of a job of ${job.queue} comes and goes`);
}

function insertOrReplace(job: NewJob): RawBuilder<Enqueued> {
  return sql`${insertJob(job)} do update set
      payload = case when j.state = 'running' then j.payload else excluded.payload end,
      run_at = case when j.state = 'running' then j.run_at else excluded.run_at end,
      next_payload = case when j.state = 'running' then excluded.payload end,
      next_run_at = case when j.state = 'running' then excluded.run_at end,
      priority = excluded.priority,
      origin = excluded.origin,
      attempts = case when j.state = 'running' then j.attempts else 0 end,
      crashes = case when j.state = 'running' then j.crashes else 0 end,
      lost_fences = case when j.state = 'running' then j.lost_fences else '{}' end,
      losses = case when j.state = 'running' then j.losses else 0 end,
      state = case when j.state in ('running', 'waiting') then j.state
        when excluded.run_at > now() then 'scheduled' else 'ready' end
    returning j.id, xmax = 0 as created`;
}

/** Waits behind the holder of its serial key, and behind those that wait already. */
function insertJob(job: NewJob): RawBuilder<unknown> {
  const { tenantId, id, queue, priority = 0, payload, origin, dedupKey = null, serialKey = null } = job;
  const busy =
    serialKey === null
      ? sql`false`
      : sql`exists (select from jobs s where s.tenant_id = ${tenantId} and s.queue = ${queue}
          and s.serial_key = ${serialKey} and s.state <> 'dead')`;
  return sql`
    insert into jobs as j (tenant_id, id, queue, state, priority, run_at, dedup_key, serial_key, payload, origin)
    select ${tenantId}::uuid, ${id}::uuid, ${queue},
      case when ${busy} then 'waiting' when d.run_at > now() then 'scheduled' else 'ready' end,
      ${priority}::smallint, d.run_at, ${dedupKey}, ${serialKey}, ${payload}::jsonb, ${origin}::jsonb
    from (select ${dueAt(job)} as run_at) d
    on conflict (tenant_id, queue, dedup_key) where dedup_key is not null and state <> 'dead'`;
}

export function dueAt({ runAt, delayMs }: Pick<EnqueueOptions, 'runAt' | 'delayMs'>): RawBuilder<unknown> {
  const base = runAt === undefined ? sql`now()` : sql`${runAt}::timestamptz`;
  return delayMs === undefined ? base : sql`${base} + ${delayMs} * interval '1 millisecond'`;
}
