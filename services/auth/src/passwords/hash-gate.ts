import { UnavailableError } from '@idp/errors';

export interface HashGate {
  /**
   * Runs work that will want hashes, everything around them included; 503 `HASH_BUSY` at once when as many are inside as
   * may run and wait. Work turned away has touched nothing: no connection, no memory of a hash.
   */
  admit<T>(work: () => Promise<T>): Promise<T>;
  /** Runs one hash when a place is free, in order of arrival. */
  hash<T>(work: () => Promise<T>): Promise<T>;
  /** Hashes waiting for a place now. */
  waiting(): number;
}

/** `admitted` callers inside at most, `concurrency` hashes at once: what hashing takes of memory and of the thread pool. */
export function createHashGate({ concurrency, admitted }: { concurrency: number; admitted: number }): HashGate {
  const waiters: (() => void)[] = [];
  let inside = 0;
  let running = 0;

  async function enter(): Promise<void> {
    if (running < concurrency) running += 1;
    else await new Promise<void>((resolve) => waiters.push(resolve));
  }

  /** A place that becomes free goes to the first waiter, so `running` stays as it is. */
  function leave(): void {
    const next = waiters.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  return {
    async admit(work) {
      if (inside >= admitted) {
        throw new UnavailableError('too many sign-ins at once', { code: 'HASH_BUSY', retryAfterSeconds: 1 });
      }
      inside += 1;
      try {
        return await work();
      } finally {
        inside -= 1;
      }
    },
    async hash(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    waiting: () => waiters.length,
  };
}
