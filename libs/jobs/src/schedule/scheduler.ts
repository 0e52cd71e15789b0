import { createHash } from 'node:crypto';
import { platformTenantId } from '@idp/contracts';
import type { AnySchedule } from '../define/schedule.ts';
import { payloadText } from '../enqueue/enqueue.ts';
import type { PlatformDoor } from '@idp/database';
import type { JobTiming } from '../runtime/timing.ts';
import { onPlatform } from '../store/statement.ts';
import { nextTime, planSchedule } from './next-time.ts';
import {
  advance,
  alignSchedule,
  databaseTime,
  insertScheduled,
  lockDue,
  type DueSchedule,
  type ScheduledJob,
  type ScheduleStep,
} from './schedule-store.ts';

export interface SchedulerOptions {
  door: PlatformDoor;
  schedules: readonly AnySchedule[];
  timing: Pick<JobTiming, 'spreadMs' | 'tenantsMs'>;
  /** Ids of the active tenants. */
  tenants(): Promise<readonly string[]>;
}

export interface Scheduler {
  readonly names: readonly string[];
  /** Gives every schedule its rows, now and then: tenants come and go. */
  align(): Promise<void>;
  /** Makes the jobs whose time has come. True where it made some. */
  tick(): Promise<boolean>;
}

/** Makes jobs of schedules. Times are those of the database; the row lock and the job's key keep two processes from doing it twice. */
export function createScheduler({ door, schedules, timing, tenants }: SchedulerOptions): Scheduler {
  const byName = new Map(schedules.map((schedule) => [schedule.name, schedule]));
  const names = [...byName.keys()];
  let active: ReadonlySet<string> = new Set();
  let alignedAt = -Infinity;

  return {
    names,
    async align() {
      if (names.length === 0 || performance.now() - alignedAt < timing.tenantsMs) return;
      const all = schedules.some(({ perTenant }) => perTenant === true) ? await tenants() : [];
      active = new Set(all);
      await door.transaction(async (tx) => {
        const run = onPlatform(tx.db);
        const now = await databaseTime(run);
        for (const { name, cron, timezone = 'UTC', perTenant = false } of schedules) {
          const rows = { name, cron, timezone, nextAt: nextTime({ cron, timezone }, now) };
          await alignSchedule(run, { ...rows, tenants: perTenant ? all : [platformTenantId] });
        }
      });
      alignedAt = performance.now();
    },
    tick: () =>
      door.transaction(async (tx) => {
        const run = onPlatform(tx.db);
        const due = await lockDue(run, names);
        if (due.length === 0) return false;
        const steps: ScheduleStep[] = [];
        const jobs: ScheduledJob[] = [];
        for (const row of due) {
          const schedule = byName.get(row.name)!;
          const { step, job } = decide(schedule, row, timing.spreadMs);
          // Tenants that are suspended or gone miss their times.
          const runs = job !== undefined && (schedule.perTenant !== true || active.has(row.tenantId));
          steps.push({ ...step, ran: runs });
          if (runs) jobs.push(job);
        }
        if (jobs.length > 0) await insertScheduled(run, jobs);
        await advance(run, steps);
        return jobs.length > 0;
      }),
  };
}

function decide(schedule: AnySchedule, row: DueSchedule, spreadMs: number) {
  const { name, cron, timezone = 'UTC', missed, queue, payload, perTenant = false } = schedule;
  const { tenantId } = row;
  const dueAt = new Date(row.nextAt);
  const { due, next } = planSchedule({ cron, timezone, missed }, { dueAt, now: new Date(row.now) });
  const step = { tenantId, name, nextAt: next };
  if (due === undefined) return { step, job: undefined };
  // Not longer than half the way to the next time, so that two rounds never meet.
  const spread = perTenant ? Math.min(spreadMs, (next.getTime() - due.getTime()) / 2) : 0;
  const job: ScheduledJob = {
    tenantId,
    queue: queue.name,
    payload: payloadText(queue, payload),
    dedupKey: `schedule:${name}:${due.toISOString()}`,
    runAt: new Date(due.getTime() + spread * shareOf(`${tenantId} ${name}`)),
  };
  return { step, job };
}

/** The same place in the spread each time, 0 to 1: the distance between two jobs of a tenant stays that of the schedule. */
function shareOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
