import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { newId } from '@idp/contracts';
import { defineQueue, enqueue } from '@idp/jobs';
import { openStage, percentile, type Stage } from '../jobs/stage.ts';
import type { Row } from '../row.ts';

/** Milliseconds from the call that enqueues a job to the call of its handler, one after the other. */
async function startTimes(stage: Stage, from: 'service' | 'elsewhere', count: number): Promise<number[]> {
  let started: ((at: number) => void) | undefined;
  const queue = defineQueue({
    name: `start-${from}`,
    payload: z.strictObject({}),
    handler: async () => started?.(performance.now()),
  });
  const runtime = stage.run([queue]);
  const tenant = stage[from].database.tenant(newId());
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const { promise, resolve } = Promise.withResolvers<number>();
    started = resolve;
    const began = performance.now();
    await tenant.write((tx) => enqueue(tx, queue, {}));
    times.push((await promise) - began);
    await sleep(Math.random() * 20);
  }
  await runtime.stop(5_000);
  return times;
}

/** Row 8 of data §6: how soon a job begins. */
export const jobStart: Row = {
  name: 'job-start',
  suite: 'data',
  async run({ rounds }) {
    await using stage = await openStage();
    await startTimes(stage, 'service', 50);
    const here = await startTimes(stage, 'service', rounds * 100);
    const polled = await startTimes(stage, 'elsewhere', rounds * 10);
    return {
      name: 'job-start',
      title: 'Enqueue to start',
      figures: [],
      claims: [
        {
          text: 'median in one process, as part of 10 ms',
          ratio: percentile(here, 0.5) / 10,
          limit: 1,
          bound: 'at-most',
        },
        {
          text: '99 % from another process by polling, as part of 1 s',
          ratio: percentile(polled, 0.99) / 1_000,
          limit: 1,
          bound: 'at-most',
        },
      ],
      notes: [
        `same process: p50 ${percentile(here, 0.5).toFixed(1)} ms, p99 ${percentile(here, 0.99).toFixed(1)} ms`,
        `other process: p50 ${percentile(polled, 0.5).toFixed(0)} ms, p99 ${percentile(polled, 0.99).toFixed(0)} ms`,
      ],
    };
  },
};
