import { sql, type RawBuilder } from 'kysely';
import type { RunStatement } from './statement.ts';

/** Number of a lock on one serial key; the lock space is the database's, so the service is part of it. */
function lockOf(service: string, tenantId: string, queue: string, key: string): RawBuilder<unknown> {
  return sql`hashtextextended(${`idp job ${service} ${tenantId} ${queue} ${key}`}, 0)`;
}

/** Held until the end of the transaction: who enqueues under one key does so in the order of commits. */
export function lockSerialKey(service: string, tenantId: string, queue: string, key: string): RawBuilder<unknown> {
  return sql`select pg_advisory_xact_lock(${lockOf(service, tenantId, queue, key)})`;
}

export interface SerialHolder {
  service: string;
  tenantId: string;
  queue: string;
  serialKey: string;
}

/**
 * Makes the next job of a serial key ready, in the transaction that ends its holder. False where somebody enqueues under the key
 * right now: the job may not be visible yet, and the sweep has to look again.
 */
export async function handOver(run: RunStatement, holder: SerialHolder): Promise<boolean> {
  const { service, tenantId, queue, serialKey } = holder;
  const locked = run<{ locked: boolean }>(
    sql`select pg_try_advisory_xact_lock(${lockOf(service, tenantId, queue, serialKey)}) as locked`,
  );
  // The lowest and no other: where it is locked, the sweep takes it when it is free.
  const moved = run(sql`
    with next as (
      select tenant_id, id from jobs
      where tenant_id = ${tenantId} and state = 'waiting' and id = (
        select id from jobs
        where tenant_id = ${tenantId} and queue = ${queue} and serial_key = ${serialKey} and state = 'waiting'
        order by seq limit 1)
      and not exists (
        select from jobs
        where tenant_id = ${tenantId} and queue = ${queue} and serial_key = ${serialKey}
          and state in ('scheduled', 'ready', 'running'))
      for update skip locked)
    update jobs j set state = case when j.run_at > now() then 'scheduled' else 'ready' end
    from next n where j.tenant_id = n.tenant_id and j.id = n.id`);
  const [answer] = await locked;
  await moved;
  return answer?.locked === true;
}

const sweepMax = 500;

/** Makes the next job ready of every serial key that nobody holds. Returns how many. */
export async function sweepSerialKeys(run: RunStatement): Promise<number> {
  const rows = await run<{ id: string }>(sql`
    with keys as (
      select tenant_id, queue, serial_key, min(seq) as seq from jobs where state = 'waiting'
      group by tenant_id, queue, serial_key
    ), free as (
      select k.* from keys k where not exists (
        select from jobs h where h.tenant_id = k.tenant_id and h.queue = k.queue and h.serial_key = k.serial_key
          and h.state in ('scheduled', 'ready', 'running'))
      limit ${sweepMax}
    ), next as (
      select j.tenant_id, j.id from jobs j join free f
        on j.tenant_id = f.tenant_id and j.queue = f.queue and j.serial_key = f.serial_key and j.seq = f.seq
      where j.state = 'waiting' for update of j skip locked)
    update jobs j set state = case when j.run_at > now() then 'scheduled' else 'ready' end
    from next n where j.tenant_id = n.tenant_id and j.id = n.id and j.state = 'waiting' returning j.id`);
  return rows.length;
}
