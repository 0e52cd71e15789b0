import { newId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { PayloadTooLargeError, ValidationError } from '@idp/errors';
import type { QueueAddress } from '../define/queue.ts';
import { lockSerialKey } from '../store/serial.ts';
import { insertKeyed, type NewJob } from './insert-keyed.ts';
import { currentOrigin } from './origin.ts';

export interface EnqueueOptions {
  /** Not before; default now. Compared with the clock of the database. */
  runAt?: Date;
  /** Not before so many milliseconds have passed on the clock of the database. */
  delayMs?: number;
  /** The lowest goes first among the jobs of one tenant, −100 to 100; default 0. */
  priority?: number;
  /** At most one job of the queue waits under this key. */
  dedupKey?: string;
  /** What becomes of a job whose key is taken: `replace` (default) gives the waiting one its payload and due time, `keep` drops it. */
  onDuplicate?: 'replace' | 'keep';
  /** Jobs of one key run one after the other, in the order of enqueueing. */
  serialKey?: string;
}

export interface Enqueued {
  id: string;
  /** False where a job with this `dedupKey` was there. */
  created: boolean;
}

/** What `enqueue` needs of a transaction of `@idp/database`. */
export type JobTransaction = Pick<Tx<never>, 'service' | 'tenantId' | 'readOnly' | 'beforeCommit' | 'platform'>;

const manyMax = 10_000;
const payloadBytesMax = 256 * 1024;
const keyMax = 200;

/**
 * Puts a job of the transaction's tenant into a queue of its service; it exists if the transaction commits. The row leaves with
 * COMMIT, or at once where a key decides the answer. Throws ValidationError for a payload the queue refuses or a key above 200
 * characters, PayloadTooLargeError above 256 KiB.
 */
export async function enqueue<Payload>(
  tx: JobTransaction,
  queue: QueueAddress<Payload>,
  payload: Payload,
  options: EnqueueOptions = {},
): Promise<Enqueued> {
  const [only] = await enqueueMany(tx, queue, [{ payload, ...options }]);
  return only!;
}

/** The same for up to 10,000 jobs, in their order. */
export async function enqueueMany<Payload>(
  tx: JobTransaction,
  queue: QueueAddress<Payload>,
  jobs: readonly ({ payload: Payload } & EnqueueOptions)[],
): Promise<Enqueued[]> {
  if (tx.readOnly) throw new Error('enqueue needs a write transaction');
  if (jobs.length > manyMax) throw new ValidationError(`At most ${manyMax} jobs at once.`);
  const origin = currentOrigin();
  const rows = jobs.map(({ payload, ...options }): NewJob => ({
    ...options,
    tenantId: tx.tenantId,
    id: newId(),
    queue: queue.name,
    payload: payloadText(queue, payload),
    origin,
  }));
  for (const row of rows) checkOptions(row);
  // In one order, so that two callers never wait for each other in a ring.
  const serialKeys = new Set(rows.flatMap(({ serialKey }) => serialKey ?? []));
  for (const key of [...serialKeys].sort()) {
    // A failure is reported by the statements after it.
    tx.platform(lockSerialKey(tx.service, tx.tenantId, queue.name, key)).catch(() => undefined);
  }
  return Promise.all(rows.map((row) => insert(tx, row)));
}

async function insert(tx: JobTransaction, job: NewJob): Promise<Enqueued> {
  const { tenantId, id, queue, payload, origin, runAt, priority = 0 } = job;
  const keyed = job.dedupKey !== undefined || job.serialKey !== undefined || job.delayMs !== undefined;
  if (keyed) return insertKeyed(tx, job);
  const row = { tenant_id: tenantId, id, queue, priority, payload, origin };
  if (runAt === undefined) tx.beforeCommit('jobs', { ...row, state: 'ready' });
  else tx.beforeCommit('jobs', { ...row, state: 'scheduled', run_at: runAt });
  return { id, created: true };
}

/** The payload as JSON, as its queue's schema returns it. */
export function payloadText(queue: QueueAddress, payload: unknown): string {
  const parsed = queue.payload.safeParse(payload);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
    throw new ValidationError(`Queue ${queue.name} does not take this payload.`, { issues });
  }
  const text = JSON.stringify(parsed.data ?? null);
  if (Buffer.byteLength(text) > payloadBytesMax) {
    throw new PayloadTooLargeError(`A job of ${queue.name} is above ${payloadBytesMax} bytes.`);
  }
  return text;
}

function checkOptions({ dedupKey, serialKey, priority = 0, delayMs = 0, runAt }: NewJob): void {
  const wrong = (path: string, message: string): never => {
    throw new ValidationError('The job cannot be enqueued like this.', { issues: [{ path, message }] });
  };
  for (const [path, key] of Object.entries({ dedupKey, serialKey })) {
    if (key !== undefined && (key === '' || key.length > keyMax)) wrong(path, `1 to ${keyMax} characters`);
  }
  if (!Number.isInteger(priority) || Math.abs(priority) > 100) wrong('priority', 'a whole number from -100 to 100');
  if (!Number.isFinite(delayMs) || delayMs < 0) wrong('delayMs', 'not negative');
  if (runAt !== undefined && Number.isNaN(runAt.getTime())) wrong('runAt', 'a time');
}
