import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { enqueueMany, type EnqueueOptions } from '../src/index.ts';
import { add, labels, listRows, newTenant, openProbe, recording, run, until, type Probe } from './probe.ts';
import { connect, service } from './service.ts';
import { startWorker, type WorkerProcess } from './workers.ts';

let probe: Probe;
const started = new Set<WorkerProcess>();
beforeAll(async () => {
  probe = await openProbe();
});
beforeEach(() => probe.reset());
afterEach(async () => {
  for (const worker of started) worker.signal('SIGKILL');
  await Promise.all([...started].map(({ exited }) => exited));
  started.clear();
});
afterAll(() => probe[Symbol.asyncDispose]());

const queue = recording();

async function start(env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await startWorker(probe.address, env);
  started.add(worker);
  return worker;
}

async function fill(count: number, name: string, options: EnqueueOptions = {}): Promise<string> {
  const tenant = newTenant();
  const jobs = Array.from({ length: count }, (_, i) => ({ payload: { label: `${name}${i}` }, ...options }));
  await probe.database.tenant(tenant).write((tx) => enqueueMany(tx, queue, jobs));
  return tenant;
}

const done = (): Promise<void> =>
  until(async () => (await listRows(probe)).length === 0, 'the end of all jobs', 240_000);

/** Every job had its effect, and none had it twice. */
async function expectOnce(tenant: string, count: number, name: string): Promise<void> {
  const found = (await labels(probe, tenant)).toSorted();
  expect(found).toEqual(Array.from({ length: count }, (_, i) => `${name}${i}`).toSorted());
}

/** The job had its effect, whichever run of it, and had it once. */
async function expectOnceOf(job: string): Promise<void> {
  await using admin = await connect(probe.address.adminUrl);
  const { rows } = await admin.query(`select label from ${service}.effects where job = $1`, [job]);
  expect(rows).toHaveLength(1);
}

it('kill -9 and SIGSTOP of workers, 50 times: each effect once', async () => {
  const count = 1_500;
  const tenant = await fill(count, 'slow');
  const workers = await Promise.all([start(), start(), start()]);
  for (let cycle = 0; cycle < 50; cycle += 1) {
    const at = cycle % workers.length;
    const worker = workers[at]!;
    if (cycle % 2 === 0) {
      worker.signal('SIGKILL');
      await worker.exited;
      workers[at] = await start();
    } else {
      // Longer than its lease: it wakes up as one whose jobs belong to others.
      worker.signal('SIGSTOP');
      await sleep(cycle % 10 === 1 ? 2_000 : 100);
      worker.signal('SIGCONT');
    }
  }
  await done();
  await expectOnce(tenant, count, 'slow');
}, 600_000);

it('a process that dies right before the end of a job leaves no effect, and the next run has it', async () => {
  const tenant = await fill(1, 'a');
  const dying = await start({ FAILPOINT: 'jobs.beforeFinish' });
  expect(await dying.exited).toBe('SIGKILL');
  expect(await labels(probe, tenant)).toEqual([]);
  await start();
  await done();
  await expectOnce(tenant, 1, 'a');
});

it('a job that kills its process is dead after three crashes; others go on', async () => {
  const tenant = await fill(30, 'slow');
  const { id } = await add(probe, newTenant(), queue, 'killer');
  let deaths = 0;
  const keepRunning = async (): Promise<void> => {
    const worker = await start();
    if ((await worker.exited) !== 'SIGKILL') return;
    deaths += 1;
    if (deaths < 10) await keepRunning();
  };
  void keepRunning();
  await until(
    async () => (await listRows(probe)).every(({ state }) => state === 'dead'),
    'the end of all jobs',
    240_000,
  );
  expect(await listRows(probe)).toMatchObject([
    { id, state: 'dead', crashes: 3, attempts: 0, error_code: 'CRASHED_WORKER' },
  ]);
  await expectOnce(tenant, 30, 'slow');
  deaths = 10;
}, 300_000);

describe('a worker that stands still for longer than its lease', () => {
  it('again and again, says when it lives: its job is not given up', async () => {
    // Somebody has to notice; it has nothing to run.
    await using _reaper = run(probe, { queues: [recording({ name: 'other' })] });
    const worker = await start({ FREEZES: '5' });
    const { id } = await add(probe, newTenant(), queue, 'freezer');
    await until(
      async () => {
        const [row] = await listRows(probe);
        if (row !== undefined && row.state !== 'running') worker.signal('SIGCONT');
        return row === undefined;
      },
      'the end of the job',
      240_000,
    );
    await expectOnceOf(id);
  }, 300_000);

  it('has its job back when it was given up meanwhile', async () => {
    await using _reaper = run(probe, { queues: [recording({ name: 'other' })] });
    const workers = await Promise.all([start({ FREEZES: '1' }), start({ FREEZES: '1' }), start({ FREEZES: '1' })]);
    const { id } = await add(probe, newTenant(), queue, 'freezer', { serialKey: 'one' });
    const dead = { id, state: 'dead', crashes: 3, error_code: 'CRASHED_WORKER' };
    await expect.poll(() => listRows(probe), { timeout: 240_000 }).toMatchObject([dead]);
    for (const worker of workers) worker.signal('SIGCONT');
    await until(async () => (await listRows(probe)).length === 0, 'the end of the job', 240_000);
    await expectOnceOf(id);
  }, 300_000);
});

it('of 1,000 jobs of one serial key and eight workers, one runs at a time, in order, through kills', async () => {
  const count = 1_000;
  const tenant = await fill(count, 's', { serialKey: 'one' });
  const workers = await Promise.all(Array.from({ length: 8 }, () => start({ CONCURRENCY: '2' })));
  await until(async () => (await labels(probe, tenant)).length > 100, 'the first jobs', 60_000);
  workers[0]!.signal('SIGKILL');
  workers[1]!.signal('SIGSTOP');
  await done();
  workers[1]!.signal('SIGCONT');
  // In the order of commits; two at once would have begun before one another's end.
  expect(await labels(probe, tenant)).toEqual(Array.from({ length: count }, (_, i) => `s${i}`));
  const overlapping = await probe.database
    .tenant(tenant)
    .read((tx) =>
      sql`select a.label from effects a join effects b on a.no < b.no and b.started_at < a.at limit 3`.execute(tx.db),
    );
  expect(overlapping.rows).toEqual([]);
}, 600_000);

it.each([
  ['slow', '-300000'],
  ['fast', '300000'],
])(
  'a worker whose clock is 5 minutes too %s runs nothing early, late or twice',
  async (_, shift) => {
    const tenant = await fill(50, 'slow');
    const later = await add(probe, tenant, queue, 'early', { delayMs: 60_000 });
    const workers = [await start({ CLOCK_SHIFT_MS: shift }), await start()];
    await until(async () => (await listRows(probe)).length === 1, 'the end of what is due', 60_000);
    await expectOnce(tenant, 50, 'slow');
    expect(await listRows(probe)).toMatchObject([{ id: later.id, state: 'scheduled', crashes: 0 }]);
    workers[1]!.signal('SIGKILL');
    const due = await add(probe, tenant, queue, 'due', { delayMs: 100 });
    await until(async () => !(await listRows(probe)).some(({ id }) => id === due.id), 'the shifted worker');
    expect((await labels(probe, tenant)).filter((text) => text === 'due')).toHaveLength(1);
  },
  120_000,
);
