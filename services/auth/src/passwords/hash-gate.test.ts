import { expect, test } from 'vitest';
import { createHashGate } from './hash-gate.ts';

/** Works that end when told to. */
function manualWorks() {
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  return {
    ends,
    most: () => most,
    work: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
    },
  };
}

test('at 1 000 at once 4 run, 32 wait and the rest are turned away at once', async () => {
  const gate = createHashGate({ concurrency: 4, queue: 32 });
  const works = manualWorks();
  const refusals: unknown[] = [];
  const all = Array.from({ length: 1_000 }, () => gate.run(works.work).catch((error: unknown) => refusals.push(error)));
  await new Promise(setImmediate);
  expect(refusals).toHaveLength(964);
  expect(refusals[0]).toMatchObject({ code: 'HASH_BUSY', status: 503, retryAfterSeconds: 1 });
  expect(gate.waiting()).toBe(32);
  while (works.ends.length > 0) {
    works.ends.shift()?.();
    await new Promise(setImmediate);
  }
  await Promise.all(all);
  expect(works.most()).toBe(4);
  expect(gate.waiting()).toBe(0);
});

test('work that is turned away has not begun', async () => {
  const gate = createHashGate({ concurrency: 1, queue: 0 });
  const works = manualWorks();
  const first = gate.run(works.work);
  let begun = false;
  const second = gate.run(async () => {
    begun = true;
  });
  await expect(second).rejects.toMatchObject({ code: 'HASH_BUSY' });
  expect(begun).toBe(false);
  works.ends[0]?.();
  await first;
});

test('failing work frees its place', async () => {
  const gate = createHashGate({ concurrency: 1, queue: 0 });
  const broken = () => gate.run(() => Promise.reject(new Error('broken')));
  await expect(broken()).rejects.toThrow('broken');
  await expect(broken()).rejects.toThrow('broken');
  await expect(gate.run(async () => 'fine')).resolves.toBe('fine');
});

test('who waits first runs first', async () => {
  const gate = createHashGate({ concurrency: 1, queue: 10 });
  const order: number[] = [];
  await Promise.all([0, 1, 2, 3].map((index) => gate.run(async () => order.push(index))));
  expect(order).toEqual([0, 1, 2, 3]);
});
