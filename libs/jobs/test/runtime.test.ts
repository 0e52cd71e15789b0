import { once } from 'node:events';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { JobConfigurationError, StaleLeaseError, type HeldLease, type LeaseOutcome } from '../src/index.ts';
import { add, labels, listRows, newTenant, openProbe, record, recording, run, until, type Probe } from './probe.ts';
import { connect, openService, service } from './service.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

/** Ends a lease as if its holder had not been heard of. */
async function expire(): Promise<void> {
  await using admin = await connect(probe.address.adminUrl);
  await admin.query(`update ${service}.jobs set lease_until = now() - interval '1 hour'`);
}

describe('a stop', () => {
  it('waits for what runs, and gives back what has not begun', async () => {
    const began = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const queue = recording({
      concurrency: 1,
      async handler(job) {
        began.resolve();
        await go.promise;
        await job.transaction((tx) => record(tx, job), { unaudited: 'test' });
      },
    });
    const running = run(probe, { queues: [queue] });
    const tenant = newTenant();
    for (const text of ['a', 'b', 'c']) await add(probe, tenant, queue, text);
    await began.promise;
    // The look for new work hangs: a stop that waited for it first would let the worker go on meanwhile.
    await using admin = await connect(probe.address.adminUrl);
    await admin.query(`begin; lock table ${service}.schedules`);
    await until(async () => (await admin.query('select from pg_locks where not granted')).rows.length > 0);
    const stopped = running.runtime.stop(20_000);
    go.resolve();
    await until(async () => (await labels(probe, tenant)).length > 0);
    await admin.query('rollback');
    await stopped;
    expect(await labels(probe, tenant)).toEqual(['a']);
    const left = await listRows(probe);
    expect(left.map(({ state, crashes, attempts }) => [state, crashes, attempts])).toEqual([
      ['ready', 0, 0],
      ['ready', 0, 0],
    ]);
  });

  it('hands a run back at its deadline, at another fence and without blame', async () => {
    const began = Promise.withResolvers<number>();
    const ended = Promise.withResolvers<unknown>();
    const queue = recording({
      async handler(job) {
        began.resolve(job.fence);
        await new Promise((resolve) => job.signal.addEventListener('abort', resolve));
        await until(async () => (await listRows(probe))[0]?.state === 'ready');
        await job.transaction((tx) => record(tx, job), { unaudited: 'test' }).catch(ended.resolve);
      },
    });
    const running = run(probe, { queues: [queue] });
    const tenant = newTenant();
    await add(probe, tenant, queue, 'a');
    const fence = await began.promise;
    await running.runtime.stop(10);
    expect(await ended.promise).toBeInstanceOf(Error);
    expect(await listRows(probe)).toMatchObject([{ state: 'ready', fence: fence + 1, crashes: 0, attempts: 0 }]);
    expect(await labels(probe, tenant)).toEqual([]);
  });
});

describe('a run whose lease went to another', () => {
  it('commits nothing, and the other one does', async () => {
    const stale: unknown[] = [];
    let runs = 0;
    const queue = recording({
      // No heartbeat comes between: it would take back what the test does to the lease.
      leaseSeconds: 3_600,
      async handler(job) {
        runs += 1;
        if (runs === 1) {
          await expire();
          await until(() => runs === 2, 'the second run');
          for (const finish of [false, true]) {
            await job
              .transaction((tx) => record(tx, job), { unaudited: 'test', finish })
              .catch((error: unknown) => stale.push(error));
          }
          await job.progress('late').catch((error: unknown) => stale.push(error));
          return;
        }
        await until(() => stale.length === 3, 'the first run to fail');
        await job.transaction((tx) => record(tx, job), { unaudited: 'test' });
      },
    });
    await using running = run(probe, { queues: [queue] });
    const tenant = newTenant();
    await add(probe, tenant, queue, 'a');
    await until(async () => (await labels(probe, tenant)).length > 0);
    await running.drain();
    expect(stale.every((error) => error instanceof StaleLeaseError)).toBe(true);
    expect(await labels(probe, tenant)).toEqual(['a']);
    expect(await listRows(probe)).toEqual([]);
  });
});

it('a process that gives a run up because nobody answers in time gives the job back, without blame', async () => {
  let runs = 0;
  const queue = recording({
    leaseSeconds: 1,
    backoff: { firstMs: 10, maxMs: 20 },
    async handler(job) {
      runs += 1;
      if (runs === 1) return once(job.signal, 'abort').then(() => Promise.reject(job.signal.reason as Error));
      expect(await listRows(probe)).toMatchObject([{ crashes: 0, attempts: 0, error_code: 'LEASE_LOST' }]);
      await job.transaction((tx) => record(tx, job), { unaudited: 'test' });
    },
  });
  // The first beat would come too late.
  await using _running = run(probe, { queues: [queue], timing: { beatShare: 1, silenceShare: 0.3, graceMs: 60_000 } });
  const tenant = newTenant();
  await add(probe, tenant, queue, 'a');
  await until(async () => (await listRows(probe)).length === 0, 'the end of the job');
  expect(await labels(probe, tenant)).toEqual(['a']);
  expect(runs).toBeGreaterThan(1);
});

describe('a lease', () => {
  const tenant = newTenant();

  it('has one holder among all processes, and is free when it ends, well or badly', async () => {
    const other = openService(probe.address);
    await using one = run(probe, {});
    await using two = run(other, {});
    const go = Promise.withResolvers<void>();
    const first = one.runtime.lease(tenant, 'supervisor', async () => go.promise);
    await until(async () => (await listRows(probe)).length === 1);
    expect(await two.runtime.lease(tenant, 'supervisor', async () => 'no')).toEqual({ held: false });
    expect(await two.runtime.lease(tenant, 'another', async () => 'yes')).toEqual({ held: true, value: 'yes' });
    expect(await two.runtime.lease(newTenant(), 'supervisor', async () => 'yes')).toMatchObject({ held: true });
    go.resolve();
    expect(await first).toMatchObject({ held: true });
    const failing = two.runtime.lease(tenant, 'supervisor', () => Promise.reject(new Error('mine')));
    await expect(failing).rejects.toThrow('mine');
    expect(await one.runtime.lease(tenant, 'supervisor', async () => 'again')).toMatchObject({ held: true });
    await other.database[Symbol.asyncDispose]();
  });

  it('that was lost aborts its signal and commits nothing', async () => {
    await using running = run(probe, {});
    const hold = (held: HeldLease): Promise<unknown> => {
      const write = (tx: Parameters<Parameters<HeldLease['transaction']>[0]>[0]) =>
        sql`insert into effects (job, label, worker) values (${newTenant()}, 'x', 'x')`.execute(tx.db);
      return held.transaction(write, { unaudited: 'test' });
    };
    const outcome = await running.runtime.lease(
      tenant,
      'supervisor',
      async (held) => {
        await hold(held);
        let taken: LeaseOutcome<unknown> = { held: false };
        // A heartbeat of the first holder may come between.
        await until(async () => {
          await expire();
          taken = await running.runtime.lease(tenant, 'supervisor', async (second) => {
            await hold(second);
            const late = await hold(held).catch((error: unknown) => error);
            await until(() => held.signal.aborted, 'the end of the lost lease');
            return late;
          });
          return taken.held;
        }, 'the second holder');
        return taken as LeaseOutcome<unknown>;
      },
      { leaseSeconds: 2 },
    );
    const late = outcome.held && outcome.value.held ? outcome.value.value : undefined;
    expect(late).toBeInstanceOf(Error);
    expect(await labels(probe, tenant)).toEqual(['x', 'x']);
  });
});

it('shows depth, age, waiting and run times as metrics without tenants', async () => {
  const queue = recording();
  const tenant = newTenant();
  await using running = run(probe, { queues: [queue] });
  await add(probe, tenant, queue, 'a');
  await add(probe, tenant, queue, 'b', { delayMs: 3_600_000 });
  await until(async () => (await listRows(probe)).length === 1);
  const text = await probe.metrics.registry.metrics();
  expect(text).toMatch(/job_queue_depth\{queue="record",state="scheduled",service="probe"\} 1/);
  for (const name of [
    'job_oldest_ready_seconds',
    'job_wait_seconds_bucket',
    'job_duration_seconds_bucket',
    'job_lease_lost_total',
  ]) {
    expect(text, name).toContain(name);
  }
  expect(text).not.toContain(tenant);
  await running.drain();
});

it('runs nothing in the role api, and what it enqueues waits for a worker', async () => {
  const queue = recording();
  const tenant = newTenant();
  await using api = run(probe, { queues: [queue], env: { ROLE: 'api' } });
  await add(probe, tenant, queue, 'a');
  expect(await api.runtime.drained()).toBe(false);
  expect(await listRows(probe)).toMatchObject([{ state: 'ready' }]);
  await using worker = run(probe, { queues: [queue], env: { ROLE: 'worker' } });
  await worker.drain();
  expect(await labels(probe, tenant)).toEqual(['a']);
});

it.each([{ JOBS_CONCURRENCY: '0' }, { JOBS_CONCURRENCY: 'many' }, { ROLE: 'boss' }])('refuses %o', (env) => {
  expect(() => run(probe, { env: env as Record<string, string> })).toThrow(JobConfigurationError);
});
