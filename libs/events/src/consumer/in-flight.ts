/** Who may run handlers now: usually all consumers side by side, under suspicion one event and nothing else. */
export interface InFlight {
  together<T>(work: () => Promise<T>): Promise<T>;
  /** Waits for what is running and holds back what would start. The first to ask is the first to run. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createInFlight(): InFlight {
  let running = 0;
  let exclusive = false;
  const waiting: { alone: boolean; start: () => void }[] = [];

  function admit(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (exclusive || (next.alone && running > 0)) return;
      waiting.shift();
      running += 1;
      exclusive = next.alone;
      next.start();
    }
  }

  async function enter<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    const { promise, resolve: start } = Promise.withResolvers<void>();
    waiting.push({ alone, start });
    admit();
    await promise;
    try {
      return await work();
    } finally {
      running -= 1;
      exclusive = false;
      admit();
    }
  }

  return {
    together: (work) => enter(false, work),
    alone: (work) => enter(true, work),
  };
}

/** Services in one process die together, so there is one for all of them: an event is blamed only for a death it was alone with. */
export const handlersInFlight = createInFlight();
