/** Runs at most `limit` loads at once; the others wait in the order they came. */
export function createLoadGate(limit: number): <T>(load: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (load) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await load();
    } finally {
      // The place goes to the first that waits, so that `running` stays as it is.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
