import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '@idp/errors';
import { CommitUnknownError, isSqlError } from '../wire/errors.ts';
import type { WirePool } from '../wire/pool.ts';
import type { Answer, Naming, Wire } from '../wire/wire.ts';
import { Session, type SessionEnvironment, type Statement } from './session.ts';

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
}

const serializationRetriesMax = 3;
const clientGraceMs = 1_000;

interface Frame {
  pool: WirePool;
  active: boolean;
  parent: Frame | undefined;
}

const frames = new AsyncLocalStorage<Frame>();

/** Runs one transaction; repeats it where the database asks for it (data.md §2.3). */
export async function runTransaction<T>(
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

/** A second connection of a pool while holding one of it can wait for ever once all callers do the same. */
function enter(environment: RunEnvironment, pool: WirePool): Frame {
  const parent = frames.getStore();
  if (environment.environment !== 'production') {
    for (let frame = parent; frame !== undefined; frame = frame.parent) {
      if (frame.active && frame.pool === pool)
        throw new Error(`a transaction inside a transaction of pool ${pool.name}`);
    }
  }
  return { pool, active: true, parent };
}

async function commit(environment: RunEnvironment, { pool, confirm }: TransactionRequest, session: Session) {
  const { wire } = session;
  if (!session.opened) {
    session.ended = true;
    pool.release(wire, false);
    return;
  }
  if (!wire.usable) throw new Error('the connection was lost before COMMIT');
  const alone = wire.pending === 0;
  const answer = session.end('commit');
  const checked = environment.environment === 'test' ? checkTenantIsGone(wire) : undefined;
  if (!confirm && alone) {
    // The pipeline keeps the order: the next transaction's opening is answered after this COMMIT.
    answer.catch(() => undefined);
    pool.release(wire, false);
    return;
  }
  confirmed(await settled(environment, answer), session);
  await checked;
  pool.release(wire, false);
}

async function settled(environment: RunEnvironment, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (isSqlError(error) && error.severity !== 'FATAL') throw error;
    environment.metrics.commitUnknown.inc();
    throw new CommitUnknownError(error);
  }
}

/** After a failed statement PostgreSQL answers COMMIT with ROLLBACK, without an error. */
function confirmed(answer: Answer, session: Session): void {
  if (answer.command === 'COMMIT') return;
  throw session.firstError ?? new Error(`COMMIT was answered with ${answer.command}`);
}

async function rollback(pool: WirePool, session: Session): Promise<void> {
  const { wire } = session;
  if (!wire.usable || session.firstCode === '25006' || session.firstCode === '0A000') {
    session.ended = true;
    return pool.release(wire, true);
  }
  if (!session.opened) {
    session.ended = true;
    return pool.release(wire, false);
  }
  // After COMMIT was sent and refused there is nothing left to roll back; the extra ROLLBACK is a warning.
  const clean = await session.end('rollback').then(
    () => true,
    () => false,
  );
  pool.release(wire, !clean);
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

/** Test builds look behind COMMIT: a tenant that outlives its transaction would be shown to the next caller. */
async function checkTenantIsGone(wire: Wire): Promise<void> {
  const { rows } = await wire
    .send(`select current_setting('app.tenant_id', true) as tenant`)
    .catch(() => ({ rows: [] }));
  const left = (rows[0] as { tenant: string | null } | undefined)?.tenant;
  if (left) throw new Error(`the connection still carries tenant ${left} after its transaction`);
}
