/** A number of places to work in, given out in the order of asking. */
export interface Slots {
  /** Resolves with the function that gives the place back. Rejects when `signal` aborts before one is free. */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  const waiting = new Set<() => void>();
  let free = count;

  function give(): void {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  function once(): () => void {
    let given = false;
    return () => {
      if (!given) give();
      given = true;
    };
  }

  return {
    take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return Promise.resolve(once());
      }
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          waiting.delete(onFree);
          reject(signal.reason as Error);
        };
        const onFree = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve(once());
        };
        waiting.add(onFree);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    },
  };
}
