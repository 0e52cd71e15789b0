import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, at most 20 s unless said otherwise. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what = 'the condition',
  atMostMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + atMostMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true`);
    await sleep(5);
  }
}
