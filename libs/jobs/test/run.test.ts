import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { currentContext, runInContext } from '@idp/telemetry';
import { defineQueue, enqueue, PermanentError, RetryLater, StaleLeaseError } from '../src/index.ts';
import {
  add,
  label,
  labels,
  listRows,
  newTenant,
  openProbe,
  record,
  recording,
  run,
  until,
  type Label,
  type Probe,
} from './probe.ts';
import { connect, service, type ProbeTables } from './service.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

it('a job runs in its tenant, its effect and its end commit together, and nothing is left of it', async () => {
  const queue = recording();
  await using running = run(probe, { queues: [queue] });
  const tenants = [newTenant(), newTenant()];
  for (const tenant of tenants) await add(probe, tenant, queue, tenant);
  await running.drain();
  for (const tenant of tenants) expect(await labels(probe, tenant)).toEqual([tenant]);
  expect(await listRows(probe)).toEqual([]);
});

it('a handler that returns has finished its job', async () => {
  const seen: unknown[] = [];
  const queue = defineQueue({
    name: 'plain',
    payload: label,
    handler: async (job) =>
      void seen.push({ ...job.payload, attempt: job.attempt, fence: job.fence, context: currentContext()?.actor }),
  });
  await using running = run(probe, { queues: [queue] });
  await add(probe, newTenant(), queue, 'a');
  await running.drain();
  expect(seen).toEqual([{ label: 'a', attempt: 1, fence: 1, context: 'service:probe' }]);
  expect(await listRows(probe)).toEqual([]);
});

it('an end that has to wait keeps no other job from running', async () => {
  const second = Promise.withResolvers<void>();
  const admin = await connect(probe.address.adminUrl);
  const queue = recording({
    concurrency: 1,
    async handler(job) {
      if (job.payload.label === 'b') return second.resolve();
      await admin.query('begin');
      await admin.query(`select from ${service}.jobs where id = $1 for update`, [job.id]);
    },
  });
  await using running = run(probe, { queues: [queue] });
  const tenant = newTenant();
  await add(probe, tenant, queue, 'a');
  await add(probe, tenant, queue, 'b');
  await second.promise;
  await until(async () => (await listRows(probe)).length === 1, 'the end of the second');
  expect(await listRows(probe)).toMatchObject([{ payload: { label: 'a' }, state: 'running' }]);
  await admin.query('rollback');
  await admin[Symbol.asyncDispose]();
  await running.drain();
  expect(await listRows(probe)).toEqual([]);
});

it('a job whose transaction did not commit does not exist', async () => {
  const queue = recording();
  const tenant = newTenant();
  const failing = probe.database.tenant(tenant).write(async (tx) => {
    await enqueue(tx, queue, { label: 'buffered' });
    await enqueue(tx, queue, { label: 'keyed' }, { dedupKey: 'k' });
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await listRows(probe)).toEqual([]);
});

it('a failing job is tried again, at most attemptsMax times, and is then dead with its reason', async () => {
  let tries = 0;
  const queue = recording({
    backoff: { firstMs: 1, maxMs: 2 },
    handler: async () => {
      tries += 1;
      throw new Error(`no ${tries}`);
    },
  });
  await using running = run(probe, { queues: [queue] });
  await add(probe, newTenant(), queue, 'a');
  await until(async () => (await listRows(probe))[0]?.state === 'dead');
  await running.drain();
  expect(tries).toBe(3);
  expect(await listRows(probe)).toMatchObject([
    { state: 'dead', attempts: 3, crashes: 0, error_code: 'HANDLER_FAILED', last_error: 'no 3' },
  ]);
});

it('nothing of a failed transaction is committed, and the next try is the first effect', async () => {
  const queue = recording({
    backoff: { firstMs: 1, maxMs: 1 },
    handler: (job) =>
      job.transaction(
        async (tx) => {
          await record(tx, job);
          if (job.attempt === 1) throw new Error('after the effect');
        },
        { unaudited: 'test' },
      ),
  });
  await using running = run(probe, { queues: [queue] });
  const tenant = newTenant();
  await add(probe, tenant, queue, 'a');
  await until(async () => (await listRows(probe)).length === 0);
  expect(await labels(probe, tenant)).toEqual(['a']);
  await running.drain();
});

it.each([
  ['PermanentError', () => new PermanentError('never', { code: 'GONE' }), 'GONE'],
  ['a payload of another form', undefined, 'PAYLOAD_INVALID'],
])('%s makes a job dead at once', async (_, error, code) => {
  const queue = recording({
    handler: async () => {
      throw error?.() ?? new Error('not reached');
    },
  });
  const tenant = newTenant();
  await add(probe, tenant, queue, 'a');
  const strict =
    error === undefined ? { ...queue, payload: label.extend({ more: label.shape.label }) as never } : queue;
  await using running = run(probe, { queues: [strict] });
  await until(async () => (await listRows(probe))[0]?.state === 'dead');
  expect(await listRows(probe)).toMatchObject([{ attempts: 1, error_code: code }]);
  await running.drain();
});

it('RetryLater uses up no attempt', async () => {
  const attempts: number[] = [];
  const queue = recording({
    handler: async (job) => {
      attempts.push(job.attempt);
      if (attempts.length < 5) throw new RetryLater(1);
    },
  });
  await using running = run(probe, { queues: [queue] });
  await add(probe, newTenant(), queue, 'a');
  await until(async () => (await listRows(probe)).length === 0);
  await running.drain();
  expect(attempts).toEqual([1, 1, 1, 1, 1]);
});

it('a run past its time is aborted, counted, and can commit nothing', async () => {
  const late = Promise.withResolvers<unknown>();
  const queue = recording({
    timeoutMs: 50,
    attemptsMax: 1,
    handler: async (job) => {
      await new Promise((resolve) => job.signal.addEventListener('abort', resolve));
      // Goes on after its row was given up.
      await until(async () => (await listRows(probe))[0]?.state === 'dead');
      await job.transaction((tx) => record(tx, job), { unaudited: 'test' }).catch(late.resolve);
    },
  });
  await using running = run(probe, { queues: [queue] });
  const tenant = newTenant();
  await add(probe, tenant, queue, 'a');
  expect(await late.promise).toBeInstanceOf(Error);
  expect(await labels(probe, tenant)).toEqual([]);
  expect(await listRows(probe)).toMatchObject([{ state: 'dead', error_code: 'TIMEOUT' }]);
  await running.drain();
});

it('again runs the job once more with what it was given, and counts its tries anew', async () => {
  const queue = recording({
    handler: (job) => {
      const n = Number(job.payload.label);
      return job.transaction((tx) => record(tx, job), {
        unaudited: 'test',
        ...(n < 4 && { again: { payload: { label: String(n + 1) }, delayMs: n === 2 ? 20 : 0 } }),
      });
    },
  });
  await using running = run(probe, { queues: [queue] });
  const tenant = newTenant();
  await add(probe, tenant, queue, '1');
  await until(async () => (await listRows(probe)).length === 0);
  expect(await labels(probe, tenant)).toEqual(['1', '2', '3', '4']);
  await running.drain();
});

it('steps of a run commit while the lease holds; the last one finishes', async () => {
  let second: unknown;
  const queue = recording({
    handler: async (job) => {
      await job.transaction((tx) => record(tx, job), { unaudited: 'test', finish: false });
      await job.progress({ step: 1 });
      expect((await listRows(probe))[0]?.progress).toEqual({ step: 1 });
      await job.transaction((tx) => record(tx, job), { unaudited: 'test' });
      second = await job.transaction(async () => 'never').catch((error: unknown) => error);
    },
  });
  await using running = run(probe, { queues: [queue] });
  const tenant = newTenant();
  await add(probe, tenant, queue, 'a');
  await until(() => second !== undefined);
  expect(second).toBeInstanceOf(StaleLeaseError);
  expect(await labels(probe, tenant)).toEqual(['a', 'a']);
  await running.drain();
});

it('what a job audits and emits names who asked for it', async () => {
  const contexts: unknown[] = [];
  const queue = defineQueue<Label, ProbeTables>({
    name: 'context',
    payload: label,
    handler: async () => {
      const { actor, onBehalfOf, correlationId, traceId } = currentContext()!;
      contexts.push({ actor, onBehalfOf, correlationId, traceId });
    },
  });
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const context = {
    requestId: 'request',
    traceId,
    spanId: '00f067aa0ba902b7',
    traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    actor: 'user:somebody',
  };
  await using running = run(probe, { queues: [queue] });
  await runInContext(context, () => add(probe, newTenant(), queue, 'a'));
  await until(() => contexts.length === 1);
  expect(contexts).toEqual([
    { actor: 'service:probe', onBehalfOf: 'user:somebody', correlationId: 'request', traceId },
  ]);
  await running.drain();
});
