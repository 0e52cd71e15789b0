import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, at most 20 s. */
export async function until(condition: () => Promise<boolean> | boolean, what = 'the condition'): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true`);
    await sleep(5);
  }
}
