import { createSimulatedDatabase, createWorld, type SimulatedProcess, type SimulatedTransaction } from '@idp/testing';
import type { Scheduler } from 'fast-check';
import { z } from 'zod';
import { defineQueue, type Job } from '../../src/index.ts';
import { withDefaults } from '../../src/define/queue.ts';
import { createFinisher } from '../../src/run/finisher.ts';
import { tellLost } from '../../src/run/lost-runs.ts';
import { reapExpired } from '../../src/run/reap.ts';
import { runJob, type RunParts } from '../../src/run/run-job.ts';
import { claimJobs, type ClaimedJob } from '../../src/store/claim.ts';
import { markBegun, runName } from '../../src/store/end-run.ts';
import { extendLeases } from '../../src/store/lease.ts';
import { promoteDue } from '../../src/store/maintain.ts';
import { onPlatform } from '../../src/store/statement.ts';
import { statementModels, type JobRow } from './statements.ts';

const tenant = '0192a3b4-5c6d-7e8f-9a0b-00000000000a';
const ids = ['1', '2', '3', '4', '5', '6'];
const leaseSeconds = 30;
const graceMs = 3_000;
const silent = { info() {}, warn() {}, error() {}, debug() {} } as never;

export interface Report {
  faults: string[];
  crashes: number;
  /** Runs that found their job in other hands when they wanted to end it. */
  stale: number;
  dead: number;
}

/**
 * Two workers, a reaper and a clock that jumps, on one table in memory: the real claim, run, fence, heartbeat, end and reaper. A
 * worker may stand still for longer than its lease between any two steps, or die there. However it goes, the effect of a job
 * happens once, or never where the job is dead.
 */
export async function simulateJobs(
  scheduler: Scheduler,
  seed: number,
  { unfenced = false, silentLoss = false } = {},
): Promise<Report> {
  const world = createWorld({ scheduler, seed, crashChance: 0.03 });
  const database = createSimulatedDatabase(statementModels(world, { unfenced }));
  for (const id of ids) database.put('jobs', id, { ...freshJob(id) });
  let stale = 0;
  /** Names of runs whose process died. */
  const deaths = new Set<string>();

  const rows = (): JobRow[] => database.rows('jobs').map(([, row]) => row as unknown as JobRow);

  async function handle(job: Job, process: SimulatedProcess): Promise<void> {
    await process.step('work');
    if (world.chance(0.5)) {
      const held = { tenantId: job.tenantId, id: job.id, fence: job.fence, leaseSeconds };
      await database.transaction(process, (tx) => extendLeases(onPlatform(tx.db), [held]));
    }
    if (world.chance(0.2)) throw new Error('simulated');
    await job.transaction(async (tx) => {
      const simulated = (tx as unknown as ProductTx).simulated;
      await process.step('effect');
      simulated.put('effects', `${job.id} ${job.fence}`, { id: job.id });
    });
  }

  function partsOf(process: SimulatedProcess): RunParts {
    const door = { transaction: (fn: never) => database.transaction(process, fn) } as never;
    const write = (fn: (tx: ProductTx) => Promise<unknown>): Promise<unknown> =>
      database.transaction(process, async (simulated) => {
        const buffered: Statement[] = [];
        const platform = (statement: Statement): ReturnType<ProductTx['platform']> => simulated.execute(statement);
        const value = await fn({ simulated, platform, withCommit: (statement) => void buffered.push(statement) });
        for (const statement of buffered) await simulated.execute(statement);
        return value;
      });
    return {
      service: 'simulated',
      database: { tenant: () => ({ write }) } as never,
      door,
      finish: createFinisher(door),
      failpoints: () => undefined,
      logger: silent,
      random: world.random,
      expect: () => undefined,
      sweepSoon: () => undefined,
    };
  }

  async function work(process: SimulatedProcess): Promise<void> {
    const queue = withDefaults(
      defineQueue({
        name: 'simulated',
        payload: z.object({}),
        attemptsMax: 1_000,
        handler: (job: Job) => handle(job, process),
        leaseSeconds,
      }),
    );
    // It may die between the commit of its claim and the answer.
    const ended = process.onDeath(() => {
      for (const row of rows()) if (row.state === 'running' && row.owner === process.name) deaths.add(runName(row));
    });
    const wish = { queue: queue.name, limit: 2, free: 2, after: tenant, leaseSeconds };
    const { jobs } = await database.transaction(process, (tx) =>
      claimJobs(onPlatform(tx.db), { service: 'simulated', owner: process.name, wishes: [wish] }),
    );
    await Promise.all(jobs.map((job) => runOne(process, queue, job)));
    ended();
  }

  async function runOne(process: SimulatedProcess, queue: ReturnType<typeof withDefaults>, job: ClaimedJob) {
    const ended = process.onDeath(() => void deaths.add(runName(job)));
    // What was there when a process died says that it begins.
    if (job.suspect) job.begun = await database.transaction(process, (tx) => markBegun(onPlatform(tx.db), job));
    const outcome = job.begun ? await runJob(partsOf(process), queue, job, new AbortController()) : 'stale';
    if (outcome === 'stale') {
      stale += 1;
      if (!silentLoss) await tellLost(partsOf(process), queue, job);
    }
    ended();
  }

  async function maintain(process: SimulatedProcess): Promise<void> {
    world.advance(10_000 + world.random() * 20_000);
    const door = { transaction: (fn: never) => database.transaction(process, fn) } as never;
    await reapExpired({ service: 'simulated', door, timing: { graceMs }, random: world.random, logger: silent });
    await database.transaction(process, (tx) => promoteDue(onPlatform(tx.db)));
  }

  function repeat(name: string, times: number, once: (process: SimulatedProcess) => Promise<void>): Promise<void> {
    let left = times;
    return world.run(name, async (process) => {
      while (left > 0) {
        left -= 1;
        await process.step('next');
        await once(process);
      }
    });
  }

  await scheduler.waitFor(
    Promise.all([repeat('worker 1', 5, work), repeat('worker 2', 5, work), repeat('maintenance', 8, maintain)]),
  );
  world.calm();
  await scheduler.waitFor(
    world.run('healed', async (process) => {
      for (let round = 0; round < 40 && rows().some(({ state }) => state !== 'dead'); round++) {
        world.advance(3_600_000);
        await maintain(process);
        await work(process);
      }
    }),
  );

  const faults: string[] = [];
  for (const id of ids) {
    const effects = database.rows('effects').filter(([, row]) => row['id'] === id).length;
    const left = rows().find((row) => row.id === id);
    const expected = left === undefined ? 1 : 0;
    if (effects !== expected) faults.push(`job ${id} (${left?.state ?? 'done'}): ${effects} effects`);
    const died = [...deaths].filter((run) => run.startsWith(`${id} `)).length;
    if (left !== undefined && left.crashes > died) faults.push(`job ${id}: ${left.crashes} crashes, ${died} deaths`);
    if (left !== undefined && left.state !== 'dead') faults.push(`job ${id} is still ${left.state}`);
  }
  return { faults, crashes: world.crashes, stale, dead: rows().length };
}

type Statement = Parameters<SimulatedTransaction['execute']>[0];

interface ProductTx {
  simulated: SimulatedTransaction;
  platform(statement: Statement): Promise<unknown[]>;
  withCommit(statement: Statement): void;
}

function freshJob(id: string): JobRow {
  const counts = { fence: 0, attempts: 0, crashes: 0, losses: 0, lostFences: [], runAt: 0, leaseUntil: 0 };
  return {
    tenantId: tenant,
    id,
    queue: 'simulated',
    state: 'ready',
    begun: false,
    suspect: false,
    owner: '',
    ...counts,
  };
}
