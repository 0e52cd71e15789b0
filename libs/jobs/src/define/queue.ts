import type { z } from 'zod';
import type { Tx } from '@idp/database';
import { JobConfigurationError } from '../errors.ts';

/** What is needed to put work into a queue: its name within the service and the form of its payload. */
export interface QueueAddress<Payload = unknown> {
  /** Kebab-case, unique in the service. */
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
}

export interface JobTransactionOptions<Payload> {
  /** The job is not done: it runs again, at `runAt` or after `delayMs` (now), with `payload` or the one it has. */
  again?: { runAt?: Date; delayMs?: number; payload?: Payload };
  /** False leaves the job running: a step that commits only while the lease holds. */
  finish?: boolean;
  /** Why this change needs no audit row. */
  unaudited?: string;
  /** Longest time of one statement; default is the role's (5 s). */
  timeoutMs?: number;
}

/** One run of a job, as its handler sees it. */
export interface Job<Payload = unknown, DB = never> {
  /** The same in every run: idempotency key of calls to others. */
  readonly id: string;
  readonly tenantId: string;
  readonly payload: Payload;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Grows with every run; `<id>-<fence>` names what two runs must not share. */
  readonly fence: number;
  /** Aborts after the queue's time, when the lease is lost, on cancellation, and at the end of a stop. */
  readonly signal: AbortSignal;
  /** Shows how far the run is, to whoever lists jobs. Throws {@link StaleLeaseError}. Not inside `transaction`. */
  progress(value: unknown): Promise<void>;
  /**
   * Locks the job at this fence, runs `fn` and finishes the job in the same COMMIT. `fn` may be repeated, as with
   * `database.tenant().write`. Throws {@link StaleLeaseError} when another run owns the job; nothing is committed then.
   */
  transaction<T>(fn: (tx: Tx<DB>) => Promise<T>, options?: JobTransactionOptions<Payload>): Promise<T>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
export type AnyJob = Job<any, any>;

/** Pause before try n + 1: `firstMs` doubled n − 1 times, at most `maxMs`, ±20 %. */
export interface Backoff {
  firstMs: number;
  maxMs: number;
}

export interface QueueDefinition<Payload = unknown, DB = never> extends QueueAddress<Payload> {
  /** A run that returns is done; one that throws is tried again. Throw RetryLater or {@link PermanentError} to decide. */
  handler(job: Job<Payload, DB>): Promise<void>;
  /** Runs side by side in one process; default 10. */
  readonly concurrency?: number;
  /** Runs of one tenant side by side, over all processes. */
  readonly tenantConcurrency?: number;
  /** After so long without a sign of life another process takes the job; default 30, at least 1. */
  readonly leaseSeconds?: number;
  /** Failed runs before the job is dead; default 3. */
  readonly attemptsMax?: number;
  /** Default 1 s to 1 h. */
  readonly backoff?: Backoff;
  /** Longest time of one run; default 60 000. */
  readonly timeoutMs?: number;
}

// A list of queues knows only that each handler fits its own payload.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyQueue = QueueDefinition<any, any>;

/** A queue with every choice made. */
export type Queue = Required<Omit<AnyQueue, 'tenantConcurrency'>> & { readonly tenantConcurrency?: number };

const defaults = {
  concurrency: 10,
  leaseSeconds: 30,
  attemptsMax: 3,
  backoff: { firstMs: 1_000, maxMs: 3_600_000 },
  timeoutMs: 60_000,
};

/** Checks a queue. Throws JobConfigurationError for a name that is not kebab-case or a limit that cannot work. */
export function defineQueue<Payload, DB = never>(queue: QueueDefinition<Payload, DB>): QueueDefinition<Payload, DB> {
  const { name, leaseSeconds, backoff } = withDefaults(queue);
  const wrong = (what: string): never => {
    throw new JobConfigurationError(`queue ${name}: ${what}`);
  };
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) wrong('its name is not kebab-case');
  for (const limit of ['concurrency', 'tenantConcurrency', 'attemptsMax', 'timeoutMs'] as const) {
    const value = queue[limit] ?? 1;
    if (!Number.isSafeInteger(value) || value < 1) wrong(`${limit} is not a positive whole number`);
  }
  if (!(leaseSeconds >= 1 && leaseSeconds <= 3_600)) wrong('leaseSeconds is not between 1 and 3600');
  if (!(backoff.firstMs >= 0 && backoff.maxMs >= backoff.firstMs)) wrong('its backoff does not grow');
  return Object.freeze(queue);
}

export function withDefaults(queue: AnyQueue): Queue {
  return { ...defaults, ...queue };
}
