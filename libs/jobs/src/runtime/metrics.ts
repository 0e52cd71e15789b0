import { sql } from 'kysely';
import type { Metrics } from '@idp/telemetry';
import type { PlatformDoor } from '@idp/database';

const waitBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];
const durationBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600];

export type JobMetrics = ReturnType<typeof createJobMetrics>;

/** Metrics that are counted as it happens. No tenant is a label. */
export function createJobMetrics(metrics: Metrics) {
  return {
    wait: metrics.histogram('job_wait_seconds', 'Due until started', ['queue'], waitBuckets),
    duration: metrics.histogram('job_duration_seconds', 'Time of one run', ['queue', 'outcome'], durationBuckets),
    leaseLost: metrics.counter('job_lease_lost_total', 'Runs whose lease went to another owner', ['queue']),
  };
}

interface Depth {
  queue: string;
  state: string;
  jobs: number;
  oldestSeconds: number;
}

/** Gauges that are measured when they are asked for. */
export function reportQueues(metrics: Metrics, door: PlatformDoor, queues: readonly string[]): void {
  if (queues.length === 0) return;
  const oldest = metrics.gauge('job_oldest_ready_seconds', 'Age of the oldest job that could run', ['queue']);
  metrics.gauge('job_queue_depth', 'Jobs by state', ['queue', 'state'], async function () {
    const { rows } = await door.transaction(
      (tx) =>
        sql<Depth>`
          select queue, state, count(*) as jobs,
            greatest(0, extract(epoch from now() - min(run_at)))::float8 as "oldestSeconds"
          from jobs where queue = any (${queues}) group by queue, state`.execute(tx.db),
      { readOnly: true },
    );
    this.reset();
    for (const queue of queues) oldest.set({ queue }, 0);
    for (const { queue, state, jobs, oldestSeconds } of rows) {
      this.set({ queue, state }, jobs);
      if (state === 'ready') oldest.set({ queue }, oldestSeconds);
    }
  });
}
