import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, makeWorkerUtils, run, type RunnerOptions } from 'graphile-worker';
import { z } from 'zod';
import { newId } from '@idp/contracts';
import { defineQueue, enqueueMany } from '@idp/jobs';
import { median } from '../in-process.ts';
import { bareCommits } from '../jobs/bare-commits.ts';
import { openStage, type Stage } from '../jobs/stage.ts';
import type { Row } from '../row.ts';

const concurrency = 10;
const batch = 2_000;

/** Jobs that do nothing: each finished by the COMMIT that would hold its effect, or by returning, so that ends leave together. */
async function ours(stage: Stage, count: number, end: 'commit' | 'return'): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const queue = defineQueue({
    name: 'no-op',
    payload: z.strictObject({}),
    concurrency,
    async handler(job) {
      if (end === 'commit') await job.transaction(async () => undefined);
      done += 1;
      if (done === count) resolve();
    },
  });
  const tenant = stage.service.database.tenant(newId());
  for (let at = 0; at < count; at += batch) {
    await tenant.write((tx) =>
      enqueueMany(
        tx,
        queue,
        Array.from({ length: batch }, () => ({ payload: {} })),
      ),
    );
  }
  const began = performance.now();
  const runtime = stage.run([queue]);
  await promise;
  while (!(await runtime.drained())) await sleep(1);
  const rate = count / ((performance.now() - began) / 1000);
  await runtime.stop(5_000);
  return rate;
}

async function graphile(stage: Stage, count: number, preset: RunnerOptions['preset'] = {}): Promise<number> {
  const connectionString = stage.address.adminUrl;
  const logger = new Logger(() => () => undefined);
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  const specs = Array.from({ length: batch }, () => ({ identifier: 'no-op', payload: {} }));
  for (let at = 0; at < count; at += batch) await utils.addJobs(specs);
  await utils.release();
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const taskList = {
    'no-op'(): void {
      done += 1;
      if (done === count) resolve();
    },
  };
  const began = performance.now();
  const runner = await run({ connectionString, logger, concurrency, noHandleSignals: true, taskList, preset });
  await promise;
  const rate = count / ((performance.now() - began) / 1000);
  await runner.stop();
  return rate;
}

const batched: RunnerOptions['preset'] = {
  worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
};

/** Row 7 of data §6: jobs per second against graphile-worker on the same server, rounds in turns. */
export const jobThroughput: Row = {
  name: 'job-throughput',
  suite: 'data',
  async run({ rounds }) {
    await using stage = await openStage();
    const count = rounds > 3 ? 10_000 : 4_000;
    const sides = {
      commit: () => ours(stage, count, 'commit'),
      single: () => graphile(stage, count),
      return: () => ours(stage, count, 'return'),
      batched: () => graphile(stage, count, batched),
      bare: () => bareCommits(stage.address.adminUrl, { count, connections: concurrency }),
    };
    const rates: Record<keyof typeof sides, number>[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const rate = { commit: 0, single: 0, return: 0, batched: 0, bare: 0 };
      for (const name of Object.keys(sides) as (keyof typeof sides)[]) rate[name] = await sides[name]();
      if (round > 0) rates.push(rate);
    }
    const shown = (name: keyof typeof sides): string => Math.round(median(rates.map((rate) => rate[name]))).toString();
    const ratio = (own: keyof typeof sides, peer: keyof typeof sides): number =>
      median(rates.map((rate) => rate[own] / rate[peer]));
    return {
      name: 'job-throughput',
      title: 'No-op jobs',
      figures: [],
      claims: [
        {
          text: 'jobs per second, effect and end in one COMMIT each, against graphile-worker with one completion per job',
          ratio: ratio('commit', 'single'),
          limit: 1,
          bound: 'at-least',
        },
        {
          text: 'jobs per second that end together, against graphile-worker in batches',
          ratio: ratio('return', 'batched'),
          limit: 0.2,
          bound: 'at-least',
        },
      ],
      notes: [
        `@idp/jobs, one COMMIT per job: ${shown('commit')} jobs/s; the bare statements of such a COMMIT from ${concurrency} connections: ${shown('bare')}/s`,
        `@idp/jobs, handlers that return: ${shown('return')} jobs/s`,
        `graphile-worker, one completion per job: ${shown('single')} jobs/s; batched: ${shown('batched')} jobs/s`,
        'A COMMIT of its own waits for the disk; what shares one does not, so the batched peer is compared with what shares one here.',
      ],
    };
  },
};
