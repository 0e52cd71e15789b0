import { sql } from 'kysely';
import { newId } from '@idp/contracts';
import type { RunStatement } from '../store/statement.ts';

export interface DueSchedule {
  tenantId: string;
  name: string;
  nextAt: string;
  now: string;
}

const dueMax = 500;

/** Locks schedules whose time has come; another process passes them over. */
export function lockDue(run: RunStatement, names: readonly string[]): Promise<DueSchedule[]> {
  return run<DueSchedule>(sql`
    select tenant_id as "tenantId", name, next_at as "nextAt", now() as now from schedules
    where not paused and next_at <= now() and name = any (${names})
    order by next_at limit ${dueMax} for update skip locked`);
}

export interface ScheduleStep {
  tenantId: string;
  name: string;
  nextAt: Date;
  /** A job was made. */
  ran: boolean;
}

export async function advance(run: RunStatement, steps: readonly ScheduleStep[]): Promise<void> {
  await run(sql`
    update schedules s set next_at = d.next_at, last_at = case when d.ran then now() else s.last_at end
    from unnest(${steps.map((step) => step.tenantId)}::uuid[], ${steps.map((step) => step.name)}::text[],
      ${steps.map((step) => step.nextAt)}::timestamptz[], ${steps.map((step) => step.ran)}::boolean[])
      as d (tenant_id, name, next_at, ran)
    where s.tenant_id = d.tenant_id and s.name = d.name`);
}

export interface ScheduledJob {
  tenantId: string;
  queue: string;
  payload: string;
  /** One job per key, whoever makes it. */
  dedupKey: string;
  runAt: Date;
}

export async function insertScheduled(run: RunStatement, jobs: readonly ScheduledJob[]): Promise<void> {
  await run(sql`
    insert into jobs (tenant_id, id, queue, state, run_at, dedup_key, payload)
    select tenant_id, id, queue, case when run_at > now() then 'scheduled' else 'ready' end, run_at, dedup_key, payload
    from unnest(${jobs.map((job) => job.tenantId)}::uuid[], ${jobs.map(() => newId())}::uuid[],
      ${jobs.map((job) => job.queue)}::text[], ${jobs.map((job) => job.runAt)}::timestamptz[],
      ${jobs.map((job) => job.dedupKey)}::text[], ${jobs.map((job) => job.payload)}::jsonb[])
      as d (tenant_id, id, queue, run_at, dedup_key, payload)
    on conflict (tenant_id, queue, dedup_key) where dedup_key is not null and state <> 'dead' do nothing`);
}

export async function databaseTime(run: RunStatement): Promise<Date> {
  const [row] = await run<{ now: string }>(sql`select now() as now`);
  return new Date(row!.now);
}

export interface ScheduleRows {
  name: string;
  cron: string;
  timezone: string;
  tenants: readonly string[];
  nextAt: Date;
}

/** Adds what is missing of a schedule's rows and begins anew those that were reckoned from another recurrence. */
export async function alignSchedule(run: RunStatement, schedule: ScheduleRows): Promise<void> {
  const { name, cron, timezone, tenants, nextAt } = schedule;
  await run(sql`
    insert into schedules as s (tenant_id, name, cron, timezone, next_at)
    select t, ${name}, ${cron}, ${timezone}, ${nextAt}::timestamptz from unnest(${tenants}::uuid[]) t
    where not exists (
      select from schedules k where k.tenant_id = t and k.name = ${name} and k.cron = ${cron} and k.timezone = ${timezone})
    on conflict (tenant_id, name) do update
      set cron = excluded.cron, timezone = excluded.timezone, next_at = excluded.next_at`);
}
