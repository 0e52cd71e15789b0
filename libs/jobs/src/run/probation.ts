/** Who of those that were there when a process died may run now. */
export interface Probation {
  /** None is on probation. */
  readonly free: boolean;
  /** Begins a probation; the returned function ends it early, with the run. */
  enter(): () => void;
  /** Called when the next may begin. Returns a function that ends the listening. */
  listen(listener: () => void): () => void;
}

/** A run this old has shown that it does not kill its process at once; the next may begin beside it. */
const probationMs = 30_000;

export function createProbation(): Probation {
  const listeners = new Set<() => void>();
  let busy = false;
  return {
    get free() {
      return !busy;
    },
    enter() {
      busy = true;
      const end = (): void => {
        if (timer === undefined) return;
        clearTimeout(timer);
        timer = undefined;
        busy = false;
        for (const listener of listeners) listener();
      };
      let timer: NodeJS.Timeout | undefined = setTimeout(end, probationMs);
      timer.unref();
      return end;
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Services in one process die together, so there is one for all of them: two suspects are never blamed for one death. */
export const probation = createProbation();
