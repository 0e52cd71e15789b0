import { UnavailableError } from '@idp/errors';

export interface HashGate {
  /** Runs `work` when a place is free; 503 `HASH_BUSY` at once when the queue is full. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Calls waiting now. */
  waiting(): number;
}

/** Bounds what password hashing takes of memory and of the thread pool: `concurrency` run, `queue` wait in order. */
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
    async run(work) {
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
