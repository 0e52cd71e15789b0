import { Logger, makeWorkerUtils, run, type RunnerOptions } from 'graphile-worker';
import { z } from 'zod';
import { newId } from '@idp/contracts';
import { defineQueue, enqueueMany } from '@idp/jobs';
import { openStage, percentile, type Stage } from '../jobs/stage.ts';
import type { Row } from '../row.ts';

const concurrency = 10;
const batch = 2_000;

/** Jobs that do nothing, each finished by the COMMIT that would hold its effect. */
async function ours(stage: Stage, count: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const queue = defineQueue({
    name: 'no-op',
    payload: z.strictObject({}),
    concurrency,
    async handler(job) {
      await job.transaction(async () => undefined);
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
    const rates = { ours: [] as number[], single: [] as number[], batched: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      const [own, single, many] = [
        await ours(stage, count),
        await graphile(stage, count),
        await graphile(stage, count, batched),
      ];
      if (round === 0) continue;
      rates.ours.push(own);
      rates.single.push(single);
      rates.batched.push(many);
    }
    const rate = (name: keyof typeof rates): number => percentile(rates[name], 0.5);
    return {
      name: 'job-throughput',
      title: 'No-op jobs, effect and end in one COMMIT each',
      figures: [],
      claims: [
        {
          text: 'jobs per second against graphile-worker with one completion per job',
          ratio: rate('ours') / rate('single'),
          limit: 1,
          bound: 'at-least',
        },
        {
          text: 'jobs per second against graphile-worker in batches',
          ratio: rate('ours') / rate('batched'),
          limit: 0.2,
          bound: 'at-least',
        },
      ],
      notes: [
        `@idp/jobs: ${Math.round(rate('ours'))} jobs/s`,
        `graphile-worker, one completion per job: ${Math.round(rate('single'))} jobs/s`,
        `graphile-worker, batched: ${Math.round(rate('batched'))} jobs/s`,
      ],
    };
  },
};
