import { setTimeout as sleep } from 'node:timers/promises';
import { RetryLater, type Failpoints } from '@idp/events';
import type { Database, PlatformDoor } from '@idp/database';
import { AppError } from '@idp/errors';
import { runInContext, type Logger } from '@idp/telemetry';
import type { AnyJob, JobTransactionOptions, Queue } from '../define/queue.ts';
import { PermanentError, StaleLeaseError } from '../errors.ts';
import type { ClaimedJob } from '../store/claim.ts';
import { endRun, lockRun, saveProgress, type EndedRun, type RunEnd } from '../store/end-run.ts';
import type { Ending } from '../state/step-after.ts';
import { onPlatform } from '../store/statement.ts';
import { abortOf, JobAbort } from './abort.ts';
import type { Finisher } from './finisher.ts';
import { runContext } from './run-context.ts';
import { transact } from './transact.ts';

export interface RunParts {
  service: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>;
  door: PlatformDoor;
  finish: Finisher;
  failpoints: Failpoints;
  logger: Logger;
  random: () => number;
  /** Something may be ready after so many milliseconds. */
  expect(delayMs: number): void;
  /** The next job of a serial key may still be waiting. */
  sweepSoon(): void;
}

/** What came of a run, as metrics show it. */
export type Outcome = 'done' | 'again' | 'later' | 'failed' | 'dead' | 'cancelled' | 'stale' | 'returned';

const writeAgainMs = 500;

/**
 * Runs a claimed job and ends it. Never throws: what went wrong is in the job's row, or its lease runs out. `onHandled` is called when
 * nothing is left to do but to take the row off the table.
 */
export async function runJob(
  parts: RunParts,
  queue: Queue,
  claimed: ClaimedJob,
  aborting: AbortController,
  onHandled: () => void = () => undefined,
): Promise<Outcome> {
  const { logger } = parts;
  const finish = (end: RunEnd): Promise<Outcome> => endWhileOwned(parts, queue, claimed, end, aborting.signal);
  // Asked for between two runs: it has nothing to end but the row.
  if (claimed.cancelled) return finish({ ending: { kind: 'failed' } });
  const payload = queue.payload.safeParse(claimed.payload);
  if (!payload.success) {
    const message = `the payload does not have the form of queue ${queue.name}`;
    return finish({ ending: { kind: 'permanent' }, error: { code: 'PAYLOAD_INVALID', message } });
  }
  const progress: { outcome?: Outcome } = {};
  const job = createJob(parts, queue, claimed, payload.data, aborting.signal, (ended, kind) => {
    progress.outcome = outcomeOf(ended, kind);
    follow(parts, claimed, ended);
  });
  try {
    await handle(parts.service, queue, claimed, job, aborting);
  } catch (error) {
    if (progress.outcome === undefined) return finish(endAfter(error, aborting.signal));
    logger.warn({ err: error, name: queue.name }, 'a handler failed after its job was finished');
  }
  if (progress.outcome !== undefined) return progress.outcome;
  parts.failpoints('jobs.beforeFinish');
  onHandled();
  if (claimed.serialKey === null && (await parts.finish(claimed).catch(() => false))) return 'done';
  return finish({ ending: { kind: 'done' } });
}

/** The handler within its time. A run that is told to end is not waited for: it can commit nothing any more. */
async function handle(
  service: string,
  queue: Queue,
  claimed: ClaimedJob,
  job: AnyJob,
  aborting: AbortController,
): Promise<void> {
  const { signal } = aborting;
  const timer = setTimeout(() => aborting.abort(new JobAbort('timeout')), queue.timeoutMs);
  const { promise: over, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const work = runInContext(runContext(service, claimed, signal), async () => queue.handler(job));
    await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function createJob(
  parts: RunParts,
  queue: Queue,
  claimed: ClaimedJob,
  payload: unknown,
  signal: AbortSignal,
  onEnded: (ended: EndedRun, kind: 'done' | 'again') => void,
): AnyJob {
  const { id, tenantId, fence } = claimed;
  let finished = false;
  const stale = (): StaleLeaseError => new StaleLeaseError(`Job ${id} belongs to another run.`);
  return {
    id,
    tenantId,
    payload,
    attempt: claimed.attempts + 1,
    fence,
    signal,
    async progress(value) {
      const text = JSON.stringify(value ?? null);
      if (!(await parts.door.transaction((tx) => saveProgress(onPlatform(tx.db), claimed, text)))) throw stale();
    },
    async transaction<T>(fn: Parameters<AnyJob['transaction']>[0], options: JobTransactionOptions<unknown> = {}) {
      if (finished) throw stale();
      const { value, ended } = await transact({ parts, queue, claimed, signal, fn, options });
      if (ended !== undefined) {
        finished = true;
        onEnded(ended, options.again === undefined ? 'done' : 'again');
      }
      return value as T;
    },
  };
}

function endAfter(error: unknown, signal: AbortSignal): RunEnd {
  const cause = abortOf(signal);
  if (cause === 'stopping') return { ending: { kind: 'returned' } };
  if (cause === 'timeout') return failed('TIMEOUT', 'the run took longer than its queue allows');
  if (error instanceof RetryLater) return { ending: { kind: 'later', delayMs: error.delayMs } };
  if (error instanceof PermanentError) {
    return { ending: { kind: 'permanent' }, error: { code: error.code, message: error.message } };
  }
  const code = error instanceof AppError ? error.code : 'HANDLER_FAILED';
  return failed(code, error instanceof Error ? error.message : String(error));
}

function failed(code: string, message: string): RunEnd {
  return { ending: { kind: 'failed' }, error: { code, message } };
}

/** Tries to write the end for as long as the lease is ours: without it the job would run again. */
async function endWhileOwned(
  parts: RunParts,
  queue: Queue,
  claimed: ClaimedJob,
  end: RunEnd,
  signal: AbortSignal,
): Promise<Outcome> {
  const limits = { attemptsMax: queue.attemptsMax, backoff: queue.backoff, random: parts.random };
  while (abortOf(signal) !== 'lease lost') {
    try {
      const ended = await parts.door.transaction(async (tx) => {
        const run = onPlatform(tx.db);
        const state = await lockRun(run, claimed);
        if (state === undefined) return undefined;
        const { step, sweep } = await endRun(run, claimed, state, end, { service: parts.service, limits });
        return { step, sweep, cancelled: state.cancelled };
      });
      if (ended === undefined) return 'stale';
      follow(parts, claimed, ended);
      if (ended.cancelled) return 'cancelled';
      report(parts, queue, claimed, end, ended);
      return outcomeOf(ended, end.ending.kind);
    } catch (error) {
      parts.logger.warn({ err: error, name: queue.name }, 'the end of a job could not be written');
      if (abortOf(signal) === 'stopping') return 'returned';
      await sleep(writeAgainMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
  return 'stale';
}

function outcomeOf({ step }: EndedRun, kind: Ending['kind']): Outcome {
  if (step.to === 'dead') return 'dead';
  return kind === 'permanent' || kind === 'crashed' || kind === 'lost' ? 'failed' : kind;
}

/** Wakes whoever may run next. */
function follow(parts: RunParts, { serialKey }: ClaimedJob, { step, sweep }: EndedRun): void {
  if (step.to === 'pending') parts.expect(step.delayMs);
  else if (serialKey !== null || (step.to === 'dead' && step.followUp)) parts.expect(0);
  if (sweep) parts.sweepSoon();
}

function report(parts: RunParts, queue: Queue, claimed: ClaimedJob, { error }: RunEnd, { step }: EndedRun): void {
  if (error === undefined) return;
  const fields = { name: queue.name, code: error.code, reason: error.message, tenantId: claimed.tenantId };
  if (step.to === 'dead') parts.logger.error(fields, 'a job is dead');
  else parts.logger.warn(fields, 'a job failed and is tried again');
}
