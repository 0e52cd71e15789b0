import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from '../define/queue.ts';
import type { ClaimedJob } from '../store/claim.ts';
import { clearLostRun, lostRun, type ClearedJob } from '../store/clear-lost.ts';
import { endRun, lockRun, type EndedRun } from '../store/end-run.ts';
import { handOver } from '../store/serial.ts';
import { onPlatform } from '../store/statement.ts';
import type { RunParts } from './run-job.ts';

/** Runs whose lease this process could not keep, until the table knows that it lives. */
export interface LostRuns {
  report(queue: Queue, job: ClaimedJob): void;
  readonly count: number;
  /** Waits for what can be said now; what is left is found by the reaper. */
  stop(): Promise<void>;
}

const againMs = 500;

/**
 * A process that stood still, or could not reach the database, finds its runs given up or in other hands. Nobody else can tell it
 * from a dead one; so it says what became of them: a run that is still its own goes back, one that was taken is not a crash.
 */
export function createLostRuns(parts: RunParts): LostRuns {
  const { logger } = parts;
  const ending = new AbortController();
  const reports = new Set<Promise<void>>();

  async function untilTold(queue: Queue, job: ClaimedJob): Promise<void> {
    const fields = { name: queue.name, tenantId: job.tenantId };
    do {
      try {
        const told = await tellLost(parts, queue, job);
        if (told === undefined) return;
        logger.warn(fields, 'the lease of a job was lost, its process lives');
        if ('step' in told && told.step.to === 'pending') return parts.expect(told.step.delayMs);
        return parts.expect(0);
      } catch (err) {
        logger.warn({ err, ...fields }, 'a lost lease could not be reported');
      }
      await sleep(againMs, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
    } while (!ending.signal.aborted);
  }

  return {
    report(queue, job) {
      const report = untilTold(queue, job).finally(() => reports.delete(report));
      reports.add(report);
    },
    get count() {
      return reports.size;
    },
    async stop() {
      ending.abort();
      await Promise.all(reports);
    },
  };
}

/** Says once what became of a lost run. Undefined where there is nothing to say: the job is gone, or was given back. */
export function tellLost(
  { door, service, random }: Pick<RunParts, 'door' | 'service' | 'random'>,
  { attemptsMax, backoff }: Queue,
  job: ClaimedJob,
): Promise<EndedRun | ClearedJob | undefined> {
  return door.transaction(async (tx) => {
    const run = onPlatform(tx.db);
    const state = await lockRun(run, job);
    if (state !== undefined) {
      const settings = { service, limits: { attemptsMax, backoff, random } };
      return endRun(run, job, state, { ending: { kind: 'lost' }, error: lostRun }, settings);
    }
    const cleared = await clearLostRun(run, job, job.begun);
    if (cleared?.state === 'waiting' && cleared.serialKey !== null) {
      await handOver(run, { ...cleared, service, tenantId: job.tenantId, serialKey: cleared.serialKey });
    }
    return cleared;
  });
}
