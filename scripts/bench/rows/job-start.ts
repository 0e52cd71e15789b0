import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createSharedState } from '@idp/cache';
import { newId } from '@idp/contracts';
import { createWakeSignal, type WakeSignal } from '@idp/events';
import { defineQueue, enqueue } from '@idp/jobs';
import { shareWakeSignal } from '@idp/service';
import { startRedis } from '@idp/tools';
import { openStage, percentile, type Stage } from '../jobs/stage.ts';
import type { Row } from '../row.ts';

/** Milliseconds from the call that enqueues a job to the call of its handler, one after the other. */
async function startTimes(
  stage: Stage,
  from: 'service' | 'elsewhere',
  count: number,
  wakes?: { here: WakeSignal; there: WakeSignal },
): Promise<number[]> {
  let started: ((at: number) => void) | undefined;
  const queue = defineQueue({
    name: `start-${from}${wakes === undefined ? '' : '-told'}`,
    payload: z.strictObject({}),
    handler: async () => started?.(performance.now()),
  });
  const runtime = stage.run([queue], { ...(wakes !== undefined && { wake: wakes.here }) });
  const teller = wakes && stage.run([queue], { wake: wakes.there, from: 'elsewhere' });
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
  await teller?.stop(5_000);
  return times;
}

/** Two processes that tell each other through Redis what they have committed. */
async function withRedis<T>(work: (wakes: { here: WakeSignal; there: WakeSignal }) => Promise<T>): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-redis-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const server = await startRedis({ directory });
  stack.defer(() => server.stop());
  const open = async (): Promise<WakeSignal> => {
    const shared = await createSharedState({ replicas: 2, redis: { url: server.url } });
    stack.defer(async () => shared[Symbol.asyncDispose]());
    return shareWakeSignal(createWakeSignal(), shared);
  };
  return await work({ here: await open(), there: await open() });
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
    const told = await withRedis((wakes) => startTimes(stage, 'elsewhere', rounds * 100, wakes));
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
          text: '99 % from another process with Redis, as part of 100 ms',
          ratio: percentile(told, 0.99) / 100,
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
        `other process with Redis: p50 ${percentile(told, 0.5).toFixed(1)} ms, p99 ${percentile(told, 0.99).toFixed(1)} ms`,
        `other process by polling: p50 ${percentile(polled, 0.5).toFixed(0)} ms, p99 ${percentile(polled, 0.99).toFixed(0)} ms`,
      ],
    };
  },
};
