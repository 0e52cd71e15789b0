import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, at most 28 s, less than the time of a test, unless said otherwise. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what = 'the condition',
  atMostMs = 28_000,
): Promise<void> {
  const deadline = performance.now() + atMostMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true`);
    await sleep(5);
  }
}
