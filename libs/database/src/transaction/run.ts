import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '@idp/errors';
import { CommitUnknownError, isSqlError } from '../wire/errors.ts';
import type { WirePool } from '../wire/pool.ts';
import type { Naming } from '../wire/wire.ts';
import { commit, rollback } from './end.ts';
import { enter, frames } from './frames.ts';
import { Session, type SessionEnvironment, type Statement } from './session.ts';
import type { UnderWay } from './under-way.ts';

export interface TransactionRequest {
  pool: WirePool;
  kind: 'read' | 'write' | 'chunk' | 'platform' | 'bus';
  opening: readonly Statement[];
  /** Wait for the answer to COMMIT; only plain reads need not. */
  confirm: boolean;
  statementTimeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** Work of one attempt: the value, what leaves with COMMIT, and what runs after it. */
export interface Attempt<T> {
  work(session: Session): Promise<T>;
  /** Sends the buffered statements; throws to roll back. */
  beforeCommit(session: Session): void;
  afterCommit(): Promise<void>;
}

export interface RunEnvironment extends SessionEnvironment {
  naming: Naming;
  underWay: UnderWay;
}

const serializationRetriesMax = 3;
const clientGraceMs = 1_000;

/** Runs one transaction; repeats it where the database asks for it (data.md §2.3). */
export function runTransaction<T>(
  environment: RunEnvironment,
  request: TransactionRequest,
  createAttempt: () => Attempt<T>,
): Promise<T> {
  return environment.underWay.run(() => repeat(environment, request, createAttempt));
}

async function repeat<T>(
  environment: RunEnvironment,
  request: TransactionRequest,
  createAttempt: () => Attempt<T>,
): Promise<T> {
  const { metrics } = environment;
  const repeated = { serialization: 0, once: false };
  for (;;) {
    const attempt = createAttempt();
    const result = await runOnce(environment, request, attempt);
    if ('value' in result) {
      metrics.transactions.inc({ kind: request.kind, outcome: 'committed' });
      await attempt.afterCommit();
      return result.value;
    }
    if (!mayRepeat(environment, request, result, repeated)) {
      metrics.transactions.inc({ kind: request.kind, outcome: outcomeOf(result.error) });
      throw result.error;
    }
    metrics.retries.inc({ code: result.code ?? 'unknown' });
    if (repeated.serialization > 0) await sleep(Math.random() * 20 * 2 ** repeated.serialization);
  }
}

interface Failure {
  error: unknown;
  code: string | undefined;
  routine: string | undefined;
}

async function runOnce<T>(
  environment: RunEnvironment,
  request: TransactionRequest,
  attempt: Attempt<T>,
): Promise<{ value: T } | Failure> {
  const frame = enter(environment, request.pool);
  const wire = await request.pool.acquire();
  wire.silenceMaxMs = request.statementTimeoutMs + clientGraceMs;
  const session = new Session(wire, environment, request.opening, request.kind === 'read');
  const abort = (): void => session.abort();
  request.signal?.addEventListener('abort', abort);
  try {
    if (request.signal?.aborted) throw new TimeoutError('The request ended before its work began.');
    const value = await frames.run(frame, () => attempt.work(session));
    if (session.firstError !== undefined) throw session.firstError;
    attempt.beforeCommit(session);
    await commit(environment, request, session);
    return { value };
  } catch (error) {
    await rollback(request.pool, session);
    return failureOf(error, session);
  } finally {
    frame.active = false;
    request.signal?.removeEventListener('abort', abort);
  }
}

function failureOf(error: unknown, session: Session): Failure {
  if (error instanceof CommitUnknownError) return { error, code: undefined, routine: undefined };
  const cause = [
    error,
    (error as { cause?: unknown } | undefined)?.cause,
    (session.firstError as Error | undefined)?.cause,
    session.firstError,
  ].find(isSqlError);
  return { error, code: session.firstCode ?? cause?.code, routine: cause?.routine };
}

function mayRepeat(
  { naming }: RunEnvironment,
  { kind, signal }: TransactionRequest,
  { code, routine }: Failure,
  repeated: { serialization: number; once: boolean },
): boolean {
  if (code === undefined || signal?.aborted) return false;
  if (code === '40001' || code === '40P01') {
    repeated.serialization += 1;
    return repeated.serialization <= serializationRetriesMax;
  }
  if (repeated.once) return false;
  const poolerWithoutNames = code === '42P05' || code === '26000';
  // 25006 in a read is a write by mistake; in a write it is a server that was demoted.
  repeated.once =
    poolerWithoutNames ||
    (code === '25006' && kind !== 'read') ||
    (code === '0A000' && routine === 'RevalidateCachedQuery');
  if (poolerWithoutNames) naming.enabled = false;
  return repeated.once;
}

function outcomeOf(error: unknown): string {
  return error instanceof CommitUnknownError ? 'unknown' : 'rolled_back';
}
