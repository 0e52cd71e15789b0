import type { Tx } from '@idp/database';
import type { JobTransactionOptions, Queue } from '../define/queue.ts';
import { StaleLeaseError } from '../errors.ts';
import { stepAfter, type RunState, type Step } from '../state/step-after.ts';
import type { ClaimedJob } from '../store/claim.ts';
import { deleteOrFail, endRun, lockRun, stepStatement, type EndedRun, type RunEnd } from '../store/end-run.ts';
import type { RunParts } from './run-job.ts';
import { payloadText } from '../enqueue/enqueue.ts';

const unauditedJob = { unaudited: 'rows of jobs are bookkeeping' };

export interface TransactRequest<T> {
  parts: RunParts;
  queue: Queue;
  claimed: ClaimedJob;
  signal: AbortSignal;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  fn: (tx: Tx<any>) => Promise<T>;
  options: JobTransactionOptions<unknown>;
}

/**
 * One transaction of a run: does the work, and ends the run with the same COMMIT. Throws StaleLeaseError.
 *
 * A run that is simply done is ended without looking first: its row is deleted at its fence, and a delete that finds no row fails
 * the transaction. Only then the work is done again under a lock on the row, which tells a newer payload from another owner.
 */
export async function transact<T>(request: TransactRequest<T>): Promise<{ value: T; ended: EndedRun | undefined }> {
  const { claimed, options } = request;
  const simple = options.again === undefined && options.finish !== false && claimed.serialKey === null;
  if (!simple) return transactLocked(request);
  try {
    return await transactUnlocked(request);
  } catch (error) {
    if (!(isFailedDelete(error) && !request.signal.aborted)) throw error;
    return transactLocked(request);
  }
}

async function transactUnlocked<T>({ parts, claimed, fn, ...rest }: TransactRequest<T>) {
  return parts.database.tenant(claimed.tenantId).write(async (tx) => {
    const value = await fn(tx);
    parts.failpoints('jobs.beforeFinish');
    tx.withCommit(deleteOrFail(claimed), unauditedJob);
    return { value, ended: { step: { to: 'gone' } as const, sweep: false } };
  }, writeOptions(rest));
}

/** The lock and the first statement of the work leave in one write, and so do the end and COMMIT. */
async function transactLocked<T>(request: TransactRequest<T>): Promise<{ value: T; ended: EndedRun | undefined }> {
  const { parts, claimed, fn, options } = request;
  const { finish = true } = options;
  const end = endOf(request);
  return parts.database.tenant(claimed.tenantId).write(async (tx) => {
    const locked = lockRun((statement) => tx.platform(statement), claimed, finish ? 'end' : 'step');
    // Its failure is that of the transaction, whoever waits for it.
    locked.catch(() => undefined);
    const value = await fn(tx);
    const state = await locked;
    if (state === undefined) throw new StaleLeaseError(`Job ${claimed.id} belongs to another run.`);
    parts.failpoints('jobs.beforeFinish');
    return { value, ended: finish ? await finishIn(tx, request, state, end) : undefined };
  }, writeOptions(request));
}

function writeOptions({ signal, options }: Pick<TransactRequest<unknown>, 'signal' | 'options'>) {
  const { unaudited, timeoutMs } = options;
  return { signal, ...(unaudited !== undefined && { unaudited }), ...(timeoutMs !== undefined && { timeoutMs }) };
}

/** `deleteOrFail` divided by the number of rows it deleted. */
function isFailedDelete(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === '22012';
}

function endOf({ queue, options: { again } }: TransactRequest<unknown>): RunEnd {
  if (again === undefined) return { ending: { kind: 'done' } };
  const payload = again.payload === undefined ? undefined : payloadText(queue, again.payload);
  return { ending: { kind: 'again', delayMs: again.delayMs ?? 0 }, payload, runAt: again.runAt };
}

async function finishIn(
  tx: Pick<Tx<never>, 'platform' | 'withCommit'>,
  { parts, queue, claimed }: TransactRequest<unknown>,
  state: RunState,
  end: RunEnd,
): Promise<EndedRun> {
  const limits = { attemptsMax: queue.attemptsMax, backoff: queue.backoff, random: parts.random };
  if (claimed.serialKey !== null) {
    return endRun((statement) => tx.platform(statement), claimed, state, end, { service: parts.service, limits });
  }
  // The row is locked: nothing can come between, so the statement may leave with COMMIT.
  const step: Step = stepAfter(state, end.ending, limits);
  tx.withCommit(stepStatement(claimed, step, end), unauditedJob);
  return { step, sweep: false };
}
