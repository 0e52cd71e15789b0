import { AsyncLocalStorage } from 'node:async_hooks';
import type { Queue } from '../define/queue.ts';
import type { JobMetrics } from '../runtime/metrics.ts';
import { claimJobs, type ClaimedJob, type ClaimWish } from '../store/claim.ts';
import { markBegun, returnRuns, runName } from '../store/end-run.ts';
import { onPlatform } from '../store/statement.ts';
import { JobAbort } from './abort.ts';
import { createLane, type Lane } from './lane.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { createLostRuns } from './lost-runs.ts';
import { probation } from './probation.ts';
import { runJob, type Outcome, type RunParts } from './run-job.ts';

export interface WorkerOptions extends RunParts {
  queues: readonly Queue[];
  /** Name of this process as owner of leases. */
  owner: string;
  keeper: LeaseKeeper;
  metrics: JobMetrics;
  /** Runs of all queues side by side. */
  concurrency: number;
}

export interface Worker {
  /** Something may be ready: claims as far as there is room. */
  kick(): void;
  /** Jobs that run or are about to. */
  readonly active: number;
  /** Claims no more, gives back what has not begun, waits, and gives back the rest at the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/** Runs whose end may be waited for beside those that run; their ends leave together. */
const endingMax = 500;

function onceOnly(fn: () => void): () => void {
  let called = false;
  return () => {
    if (called) return;
    called = true;
    fn();
  };
}

/** Claims jobs of all queues and runs them. */
export function createWorker(options: WorkerOptions): Worker {
  const { queues, owner, keeper, metrics, service, door, logger, concurrency } = options;
  const lanes = queues.map(createLane);
  const byName = new Map(lanes.map((lane) => [lane.queue.name, lane]));
  /** By the name of the run. */
  const running = new Map<string, { aborting: AbortController; done: Promise<void> }>();
  const outside = AsyncLocalStorage.snapshot();
  const lost = createLostRuns(options);
  /** Handlers under way: fewer than `running` while ends of others are being written. */
  let busy = 0;
  let claiming: Promise<void> | undefined;
  let again = false;
  let turn = 0;
  let stopping = false;

  function claimSoon(): void {
    if (stopping) return;
    if (claiming !== undefined) {
      again = true;
      return;
    }
    claiming = outside(claimAll)
      .catch((error: unknown) => logger.warn({ err: error }, 'jobs could not be claimed'))
      .finally(() => {
        claiming = undefined;
        if (again) claimSoon();
      });
  }

  async function claimAll(): Promise<void> {
    do {
      again = false;
      const wishes = wishAll();
      if (wishes.length === 0) return;
      await claim(wishes);
    } while (!stopping);
  }

  /** No lane is always the first to take what is left of the room. */
  function wishAll(): ClaimWish[] {
    let room = Math.max(0, concurrency - busy);
    turn += 1;
    return lanes.flatMap((_, index): ClaimWish[] => {
      const wish = lanes[(turn + index) % lanes.length]!.wish(room);
      if (wish === undefined) return [];
      room = Math.max(0, room - wish.limit);
      return [wish];
    });
  }

  async function claim(wishes: readonly ClaimWish[]): Promise<void> {
    const since = performance.now();
    const { jobs, after } = await door.transaction((tx) => claimJobs(onPlatform(tx.db), { service, owner, wishes }));
    for (const { queue, limit } of wishes) {
      const claimed = jobs.filter((job) => job.queue === queue);
      byName.get(queue)!.claimed(claimed, { wished: limit, after: after.get(queue) });
      for (const job of claimed) keep(byName.get(queue)!, job, since);
    }
    startAll();
  }

  function keep(lane: Lane, job: ClaimedJob, since: number): void {
    const { leaseSeconds } = lane.queue;
    const abort = (cause: 'lease lost' | 'cancelled') => (): void => {
      if (cause === 'lease lost') {
        metrics.leaseLost.inc({ queue: lane.queue.name });
        if (lane.forget(job)) lost.report(lane.queue, job);
      }
      running.get(runName(job))?.aborting.abort(new JobAbort(cause));
    };
    keeper.keep({ ...job, leaseSeconds, onLost: abort('lease lost'), onCancel: abort('cancelled') }, since);
  }

  function startAll(): void {
    for (const lane of lanes) {
      while (!stopping && busy < concurrency && running.size < concurrency + endingMax) {
        const job = lane.take(({ suspect }) => !suspect || probation.free);
        if (job === undefined) break;
        busy += 1;
        const aborting = new AbortController();
        running.set(runName(job), { aborting, done: outside(() => runOne(lane, job, aborting)) });
      }
    }
  }

  async function runOne(lane: Lane, job: ClaimedJob, aborting: AbortController): Promise<void> {
    const queue = lane.queue.name;
    const startedAt = performance.now();
    metrics.wait.observe({ queue }, Math.max(0, job.waitedSeconds));
    const leave = onceOnly(() => {
      busy -= 1;
      lane.ended();
      startAll();
      if (lane.hungry()) claimSoon();
    });
    // Where runs of a tenant are counted, its row counts until it is gone.
    const early = lane.queue.tenantConcurrency === undefined ? leave : undefined;
    const outcome = await watched(job, () => runJob(options, lane.queue, job, aborting, early));
    metrics.duration.observe({ queue, outcome }, (performance.now() - startedAt) / 1_000);
    keeper.letGo(job);
    if (outcome === 'stale') lost.report(lane.queue, job);
    running.delete(runName(job));
    leave();
    // Where so many ends were waited for that nothing could begin.
    startAll();
  }

  /** What was there when a process died runs one at a time, and says before that it begins. */
  async function watched(job: ClaimedJob, work: () => Promise<Outcome>): Promise<Outcome> {
    if (!job.suspect) return work();
    const leave = probation.enter();
    try {
      job.begun = await door.transaction((tx) => markBegun(onPlatform(tx.db), job)).catch(() => false);
      return job.begun ? await work() : 'stale';
    } finally {
      leave();
    }
  }

  async function giveBack(jobs: readonly ClaimedJob[]): Promise<void> {
    for (const job of jobs) keeper.letGo(job);
    if (jobs.length > 0) await door.transaction((tx) => returnRuns(onPlatform(tx.db), jobs));
  }

  const silence = probation.listen(startAll);
  return {
    kick() {
      for (const lane of lanes) lane.wake();
      claimSoon();
    },
    get active() {
      return (
        running.size +
        lanes.reduce((sum, lane) => sum + lane.buffered, 0) +
        (claiming === undefined ? 0 : 1) +
        lost.count
      );
    },
    async stop(deadlineMs) {
      stopping = true;
      const deadline = setTimeout(() => {
        for (const { aborting } of running.values()) aborting.abort(new JobAbort('stopping'));
      }, deadlineMs);
      await claiming;
      await giveBack(lanes.flatMap((lane) => lane.empty())).catch((error: unknown) =>
        logger.warn({ err: error }, 'jobs could not be given back'),
      );
      await Promise.all([...running.values()].map(({ done }) => done));
      clearTimeout(deadline);
      await lost.stop();
      silence();
    },
  };
}
