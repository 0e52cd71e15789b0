import { setTimeout as pause } from 'node:timers/promises';

/** Ends the pause of a loop early. */
export interface Waker {
  wake(): void;
  /** Resolves after `ms`, at a `wake` since the last call, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createWaker(): Waker {
  let next = new AbortController();
  return {
    wake: () => next.abort(),
    async wait(ms, signal) {
      // An abort is the end of the pause; there is nothing to report about it.
      await pause(ms, undefined, { signal: AbortSignal.any([signal, next.signal]) }).catch(() => undefined);
      next = new AbortController();
    },
  };
}
