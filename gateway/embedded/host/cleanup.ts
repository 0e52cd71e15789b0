/** Steps that undo a start, run in reverse. */
export interface Cleanup {
  add(step: () => unknown): void;
  /** Runs every step, also after one that failed; again it waits for the same run. The first failure is thrown at the end. */
  run(): Promise<void>;
}

export function createCleanup(): Cleanup {
  const steps: (() => unknown)[] = [];
  let running: Promise<void> | undefined;
  return {
    add: (step) => void steps.push(step),
    run: () => (running ??= runAll(steps)),
  };
}

async function runAll(steps: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
