import { sql } from 'kysely';
import type { RunState } from '../state/step-after.ts';
import type { RunRow } from './end-run.ts';
import { leaseQueue } from './lease.ts';
import type { RunStatement } from './statement.ts';

/** What there is to do, found in one cheap statement. */
export interface Look {
  ready: boolean;
  /** Milliseconds until the next scheduled job is due; not positive when one is. */
  dueMs: number | null;
  /** Milliseconds until the next schedule is due. */
  scheduleMs: number | null;
  expired: boolean;
  waiting: boolean;
}

export interface LookAt {
  queues: readonly string[];
  schedules: readonly string[];
  graceMs: number;
}

export async function look(run: RunStatement, { queues, schedules, graceMs }: LookAt): Promise<Look> {
  const [found] = await run<Look>(sql`
    select exists (select from unnest(${queues}::text[]) q where exists (
        select from jobs j where j.queue = q and j.state = 'ready')) as ready,
      (select extract(epoch from min(run_at) - now()) * 1000 from jobs where state = 'scheduled')::float8 as "dueMs",
      (select extract(epoch from min(next_at) - now()) * 1000 from schedules where not paused and name = any (${schedules}))::float8
        as "scheduleMs",
      exists (select from jobs where state = 'running' and lease_until < now() - ${graceMs} * interval '1 millisecond'
        and queue <> ${leaseQueue}) as expired,
      exists (select from jobs where state = 'waiting') as waiting`);
  return found!;
}

const promoteMax = 5_000;

/** Makes scheduled jobs ready whose time has come. Returns how many; the limit keeps one statement short. */
export async function promoteDue(run: RunStatement): Promise<number> {
  const rows = await run<{ n: number }>(sql`
    with due as (
      select tenant_id, id from jobs where state = 'scheduled' and run_at <= now()
      order by run_at limit ${promoteMax} for update skip locked
    ), moved as (
      update jobs j set state = 'ready' from due d where j.tenant_id = d.tenant_id and j.id = d.id returning 1)
    select count(*)::int as n from moved`);
  return rows[0]!.n;
}

export type ExpiredRun = RunRow & RunState & { leaseOwner: string | null };

const expiredMax = 100;

/** Locks runs whose lease ended `graceMs` ago; those held by their own finishing transaction are passed over. */
export function lockExpired(run: RunStatement, graceMs: number): Promise<ExpiredRun[]> {
  return run<ExpiredRun>(sql`
    select tenant_id as "tenantId", id, fence, queue, serial_key as "serialKey", attempts, crashes, losses,
      next_payload is not null as "hasNext", cancel_requested_at is not null as cancelled, begun, lease_owner as "leaseOwner"
    from jobs where state = 'running' and lease_until < now() - ${graceMs} * interval '1 millisecond'
      and queue <> ${leaseQueue}
    order by lease_until limit ${expiredMax} for update skip locked`);
}

const deadDays = 30;

/** Deletes dead jobs nobody retried for 30 days, and leases whose holders vanished. */
export async function purge(run: RunStatement): Promise<void> {
  await run(sql`
    delete from jobs where (tenant_id, id) in (
      select tenant_id, id from jobs where state = 'dead' and dead_at < now() - ${deadDays} * interval '1 day' limit 5000)`);
  await run(
    sql`delete from jobs where state = 'running' and queue = ${leaseQueue} and lease_until < now() - interval '1 day'`,
  );
}
