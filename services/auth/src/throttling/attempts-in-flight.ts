/** Attempts of this process whose outcome is not known yet, by what they are charged to. */
export interface AttemptsInFlight {
  run<T>(keys: readonly string[], attempt: () => Promise<T>): Promise<T>;
  /** True when an attempt charged to one of these keys has ended; false at once where none runs or too many wait already. */
  oneEnds(keys: readonly string[]): Promise<boolean>;
}

const waitingMax = 64;

export function createAttemptsInFlight(): AttemptsInFlight {
  const running = new Map<string, Set<Promise<unknown>>>();
  let waiting = 0;

  return {
    async run(keys, attempt) {
      const result = attempt();
      const ended = result.then(ignore, ignore);
      for (const key of keys) running.set(key, (running.get(key) ?? new Set()).add(ended));
      try {
        return await result;
      } finally {
        for (const key of keys) {
          const of = running.get(key);
          of?.delete(ended);
          if (of?.size === 0) running.delete(key);
        }
      }
    },
    async oneEnds(keys) {
      const all = keys.flatMap((key) => [...(running.get(key) ?? [])]);
      if (all.length === 0 || waiting >= waitingMax) return false;
      waiting += 1;
      try {
        await Promise.race(all);
      } finally {
        waiting -= 1;
      }
      return true;
    },
  };
}

const ignore = (): void => undefined;
