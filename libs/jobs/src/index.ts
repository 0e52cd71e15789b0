export {
  defineQueue,
  type AnyQueue,
  type Backoff,
  type Job,
  type JobTransactionOptions,
  type QueueAddress,
  type QueueDefinition,
} from './define/queue.ts';
export { defineSchedule, type AnySchedule, type ScheduleDefinition } from './define/schedule.ts';
export { enqueue, enqueueMany, type Enqueued, type EnqueueOptions, type JobTransaction } from './enqueue/enqueue.ts';
export { JobConfigurationError, PermanentError, StaleLeaseError } from './errors.ts';
export { RetryLater } from '@idp/events';
export { cancel, type CancelOutcome } from './operate/cancel.ts';
export type { JobDetail, JobFilter, JobState, JobSummary } from './operate/job-rows.ts';
export type { JobOperations, ScheduleStatus } from './operate/operations.ts';
export { createJobRuntime, type JobDefinitions, type JobRuntime, type JobRuntimeOptions } from './runtime/runtime.ts';
export { defaultTiming, type JobTiming } from './runtime/timing.ts';
export type { HeldLease, LeaseOptions, LeaseOutcome, Leases } from './run/leases.ts';
export { jobsMigrations } from './migrations.ts';
