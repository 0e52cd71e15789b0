import { UnavailableError } from '@idp/errors';

export interface HashGate {
  /**
   * Runs an operation that hashes when a place is free, in order of arrival; 503 `HASH_BUSY` at once when the queue is
   * full. The whole operation holds the place: those who wait hold no connection, and those turned away have begun nothing.
   */
  run<T>(operation: () => Promise<T>): Promise<T>;
  /** Operations waiting now. */
  waiting(): number;
}

/** Bounds what password hashing takes of memory, connections and the thread pool: `concurrency` run, `queue` wait. */
export function createHashGate({ concurrency, queue }: { concurrency: number; queue: number }): HashGate {
  const waiters: (() => void)[] = [];
  let running = 0;

  async function enter(): Promise<void> {
    if (running < concurrency) {
      running += 1;
      return;
    }
    if (waiters.length >= queue) {
      throw new UnavailableError('too many sign-ins at once', { code: 'HASH_BUSY', retryAfterSeconds: 1 });
    }
    await new Promise<void>((resolve) => waiters.push(resolve));
  }

  /** A place that becomes free goes to the first waiter, so `running` stays as it is. */
  function leave(): void {
    const next = waiters.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  return {
    async run(operation) {
      await enter();
      try {
        return await operation();
      } finally {
        leave();
      }
    },
    waiting: () => waiters.length,
  };
}
