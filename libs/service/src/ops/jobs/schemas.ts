import { z } from 'zod';
import type { JobSummary, ScheduleStatus } from '@idp/jobs';

export const jobState = z.enum(['waiting', 'scheduled', 'ready', 'running', 'dead']);

export const jobSchema = z.object({
  id: z.string(),
  queue: z.string(),
  state: jobState,
  priority: z.int(),
  runAt: z.string().meta({ description: 'Not before' }),
  attempts: z.int().meta({ description: 'Runs that failed' }),
  crashes: z.int().meta({ description: 'Runs that died with their process' }),
  dedupKey: z.string().nullable(),
  serialKey: z.string().nullable(),
  progress: z.unknown().meta({ description: 'What its run shows of itself; null where it shows nothing' }),
  errorCode: z.string().nullable(),
  error: z.string().nullable(),
  createdAt: z.string(),
  cancelRequestedAt: z.string().nullable(),
  deadAt: z.string().nullable(),
});

export const jobDetailSchema = jobSchema.extend({ payload: z.unknown() });

export const scheduleSchema = z.object({
  name: z.string(),
  cron: z.string(),
  timezone: z.string(),
  perTenant: z.boolean(),
  missed: z.enum(['once', 'skip']),
  queue: z.string(),
  nextAt: z.string(),
  lastAt: z.string().nullable(),
  paused: z.boolean(),
  tenants: z.int().meta({ description: 'For how many tenants; the earliest and latest of their times are shown' }),
});

export function jobView(row: JobSummary): z.input<typeof jobSchema> {
  return {
    id: row.id,
    queue: row.queue,
    state: row.state,
    priority: row.priority,
    runAt: row.run_at,
    attempts: row.attempts,
    crashes: row.crashes,
    dedupKey: row.dedup_key,
    serialKey: row.serial_key,
    progress: row.progress as z.core.util.JSONType,
    errorCode: row.error_code,
    error: row.last_error,
    createdAt: row.created_at,
    cancelRequestedAt: row.cancel_requested_at,
    deadAt: row.dead_at,
  };
}

export function scheduleView({ name, cron, timezone, perTenant, missed, queue, ...row }: ScheduleStatus) {
  const { nextAt, lastAt, paused, tenants } = row;
  return { name, cron, timezone, perTenant, missed, queue, nextAt, lastAt, paused, tenants };
}
