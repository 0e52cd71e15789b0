import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createInFlight } from './in-flight.ts';

it('runs what is alone by itself, whatever else comes, and everything in the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ alone: fc.boolean(), fails: fc.boolean() }), { maxLength: 12 }),
      async (list) => {
        const inFlight = createInFlight();
        let running = 0;
        let mostBesideAlone = 0;
        const run = (alone: boolean, fails: boolean): Promise<void> => {
          const work = async (): Promise<void> => {
            running += 1;
            await sleep(0);
            if (alone) mostBesideAlone = Math.max(mostBesideAlone, running);
            running -= 1;
            if (fails) throw new Error('failed');
          };
          return alone ? inFlight.alone(work) : inFlight.together(work);
        };
        const results = await Promise.allSettled(list.map(({ alone, fails }) => run(alone, fails)));
        expect(results.map(({ status }) => status === 'rejected')).toEqual(list.map(({ fails }) => fails));
        expect(mostBesideAlone).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 100 },
  );
});

it('runs side by side what need not be alone', async () => {
  const inFlight = createInFlight();
  const { promise: both, resolve } = Promise.withResolvers<void>();
  let running = 0;
  const work = (): Promise<void> => {
    running += 1;
    if (running === 2) resolve();
    return both;
  };
  await Promise.all([inFlight.together(work), inFlight.together(work)]);
  expect(running).toBe(2);
});
