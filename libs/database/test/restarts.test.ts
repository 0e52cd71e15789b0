import { expect, test } from 'vitest';
import { restartUnderWrites } from './restarts.ts';

// Twenty of them, with the time until the next write, are `npm run bench -- restarts`.
test('a server that is stopped at once under writes loses none that was confirmed, and the pool finds it again', async () => {
  const { lost, halves, acknowledged, readyMs } = await restartUnderWrites({ restarts: 3, writes: 100 });
  expect(lost).toEqual([]);
  expect(halves).toBe(0);
  expect(acknowledged).toBeGreaterThanOrEqual(400);
  expect(readyMs).toHaveLength(3);
}, 600_000);
