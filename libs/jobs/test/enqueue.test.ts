import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PayloadTooLargeError, ValidationError } from '@idp/errors';
import { cancel, enqueue, enqueueMany } from '../src/index.ts';
import { add, labels, listRows, newTenant, openProbe, record, recording, run, until, type Probe } from './probe.ts';
import { connect, service } from './service.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

const queue = recording();

/** A queue whose handler waits for the test before its effect. */
function gated(settings: Parameters<typeof recording>[0] = {}) {
  const started: string[] = [];
  const gates = new Map<string, () => void>();
  const held = recording({
    ...settings,
    async handler(job) {
      const { promise, resolve } = Promise.withResolvers<void>();
      gates.set(job.payload.label, resolve);
      started.push(job.payload.label);
      await promise;
      await job.transaction((tx) => record(tx, job), { unaudited: 'test' });
    },
  });
  return {
    queue: held,
    started,
    open: (label: string) => gates.get(label)!(),
    begun: (label: string) => until(() => started.includes(label), `the start of ${label}`),
  };
}

describe('a duplicate', () => {
  it('gives the waiting job its payload and due time', async () => {
    const tenant = newTenant();
    const first = await add(probe, tenant, queue, 'old', { dedupKey: 'k', delayMs: 3_600_000 });
    const second = await add(probe, tenant, queue, 'new', { dedupKey: 'k' });
    expect([first.created, second]).toEqual([true, { id: first.id, created: false }]);
    expect(await listRows(probe)).toMatchObject([{ id: first.id, state: 'ready', payload: { label: 'new' } }]);
  });

  it('with keep is dropped', async () => {
    const tenant = newTenant();
    const { id } = await add(probe, tenant, queue, 'old', { dedupKey: 'k', delayMs: 3_600_000 });
    expect(await add(probe, tenant, queue, 'new', { dedupKey: 'k', onDuplicate: 'keep' })).toEqual({
      id,
      created: false,
    });
    expect(await listRows(probe)).toMatchObject([{ state: 'scheduled', payload: { label: 'old' } }]);
  });

  it('is none in another tenant or queue, or when the first is dead', async () => {
    const tenant = newTenant();
    const dying = recording({ name: 'dying', attemptsMax: 1, handler: () => Promise.reject(new Error('no')) });
    expect((await add(probe, tenant, queue, 'a', { dedupKey: 'k' })).created).toBe(true);
    expect((await add(probe, newTenant(), queue, 'b', { dedupKey: 'k' })).created).toBe(true);
    await using running = run(probe, { queues: [dying] });
    expect((await add(probe, tenant, dying, 'c', { dedupKey: 'k' })).created).toBe(true);
    await until(async () => (await listRows(probe)).some(({ state }) => state === 'dead'));
    await running.drain();
    expect((await add(probe, tenant, dying, 'd', { dedupKey: 'k', delayMs: 3_600_000 })).created).toBe(true);
  });

  it('of a running job makes it run once more, with the newest payload', async () => {
    const { queue: held, begun, open, started } = gated();
    await using running = run(probe, { queues: [held] });
    const tenant = newTenant();
    await add(probe, tenant, held, 'first', { dedupKey: 'k' });
    await begun('first');
    for (const text of ['second', 'third']) {
      expect((await add(probe, tenant, held, text, { dedupKey: 'k' })).created).toBe(false);
    }
    open('first');
    await begun('third');
    open('third');
    await running.drain();
    expect(started).toEqual(['first', 'third']);
    expect(await labels(probe, tenant)).toEqual(['first', 'third']);
  });

  it('of a job that dies while it runs becomes a job of its own', async () => {
    const seen: string[] = [];
    const tenant = newTenant();
    const dying = recording({
      attemptsMax: 1,
      async handler(job) {
        seen.push(job.payload.label);
        if (job.payload.label !== 'first') return job.transaction((tx) => record(tx, job), { unaudited: 'test' });
        await add(probe, tenant, dying, 'second', { dedupKey: 'k' });
        throw new Error('no');
      },
    });
    await using running = run(probe, { queues: [dying] });
    await add(probe, tenant, dying, 'first', { dedupKey: 'k' });
    await until(() => seen.length === 2);
    await running.drain();
    expect(await labels(probe, tenant)).toEqual(['second']);
    expect(await listRows(probe)).toMatchObject([{ state: 'dead', payload: { label: 'first' } }]);
  });

  it('made by many at once is one job', async () => {
    const tenant = newTenant();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        add(probe, tenant, queue, String(i), { dedupKey: 'k', onDuplicate: i % 2 === 0 ? 'keep' : 'replace' }),
      ),
    );
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await listRows(probe)).toHaveLength(1);
  });
});

describe('a serial key', () => {
  it('has one job at a time, in the order of enqueueing', async () => {
    const { queue: held, begun, open, started } = gated();
    await using running = run(probe, { queues: [held] });
    const tenant = newTenant();
    for (const text of ['a', 'b', 'c']) await add(probe, tenant, held, text, { serialKey: 's' });
    await add(probe, newTenant(), held, 'other tenant', { serialKey: 's' });
    await add(probe, tenant, held, 'other key', { serialKey: 't' });
    await begun('other key');
    await begun('other tenant');
    expect(started.toSorted()).toEqual(['a', 'other key', 'other tenant']);
    for (const text of ['a', 'b', 'c']) {
      await begun(text);
      open(text);
    }
    open('other key');
    open('other tenant');
    await running.drain();
    expect((await labels(probe, tenant)).filter((text) => text.length === 1)).toEqual(['a', 'b', 'c']);
  });

  it('is held through the pauses of a job that fails, and let go by a dead one', async () => {
    const order: string[] = [];
    const failing = recording({
      attemptsMax: 2,
      backoff: { firstMs: 100, maxMs: 100 },
      async handler(job) {
        order.push(`${job.payload.label}${job.attempt}`);
        if (job.payload.label === 'a') throw new Error('no');
      },
    });
    await using running = run(probe, { queues: [failing] });
    const tenant = newTenant();
    for (const text of ['a', 'b']) await add(probe, tenant, failing, text, { serialKey: 's' });
    await until(() => order.length === 3);
    await running.drain();
    expect(order).toEqual(['a1', 'a2', 'b1']);
  });

  it('that lost its hand-over is repaired by the sweep', async () => {
    const tenant = newTenant();
    await add(probe, tenant, queue, 'a', { serialKey: 's', delayMs: 3_600_000 });
    await add(probe, tenant, queue, 'b', { serialKey: 's' });
    await using admin = await connect(probe.address.adminUrl);
    await admin.query(`delete from ${service}.jobs where payload->>'label' = 'a'`);
    await using running = run(probe, { queues: [queue] });
    await until(async () => (await labels(probe, tenant)).length === 1);
    expect(await labels(probe, tenant)).toEqual(['b']);
    await running.drain();
  });

  it('moves on when its holder is cancelled', async () => {
    const tenant = newTenant();
    const { id } = await add(probe, tenant, queue, 'a', { serialKey: 's', delayMs: 3_600_000 });
    await add(probe, tenant, queue, 'b', { serialKey: 's' });
    expect(await probe.database.tenant(tenant).write((tx) => cancel(tx, id))).toBe('cancelled');
    expect(await listRows(probe)).toMatchObject([{ state: 'ready', payload: { label: 'b' } }]);
  });
});

describe('cancel', () => {
  it('ends a running job through its signal, and it does not come back', async () => {
    const aborted = Promise.withResolvers<void>();
    const waiting = recording({
      leaseSeconds: 3,
      async handler(job) {
        job.signal.addEventListener('abort', () => aborted.resolve());
        await aborted.promise;
        throw job.signal.reason;
      },
    });
    await using running = run(probe, { queues: [waiting] });
    const tenant = newTenant();
    const { id } = await add(probe, tenant, waiting, 'a');
    await until(async () => (await listRows(probe))[0]?.state === 'running');
    const answer = await probe.database.tenant(tenant).write((tx) => cancel(tx, id));
    expect(answer).toBe('requested');
    await aborted.promise;
    await until(async () => (await listRows(probe)).length === 0);
    await running.drain();
  });

  it('knows only jobs of its tenant', async () => {
    const { id } = await add(probe, newTenant(), queue, 'a');
    const answer = await probe.database.tenant(newTenant()).write((tx) => cancel(tx, id));
    expect(answer).toBe('unknown');
    expect(await listRows(probe)).toHaveLength(1);
  });
});

it('jobs of one tenant go by priority, and not before they are due', async () => {
  const tenant = newTenant();
  await add(probe, tenant, queue, 'late', { delayMs: 3_600_000 });
  await add(probe, tenant, queue, 'second');
  await add(probe, tenant, queue, 'last', { priority: 5 });
  await add(probe, tenant, queue, 'first', { priority: -5 });
  await add(probe, tenant, queue, 'past', { runAt: new Date(0), priority: 50 });
  await using running = run(probe, { queues: [{ ...queue, concurrency: 1 }] });
  await until(async () => (await labels(probe, tenant)).length === 4);
  await running.drain();
  expect(await labels(probe, tenant)).toEqual(['first', 'second', 'last', 'past']);
});

it('many jobs keep their order and are all or none', async () => {
  const tenant = newTenant();
  const jobs = Array.from({ length: 2_000 }, (_, i) => ({ payload: { label: String(i) } }));
  const answers = await probe.database.tenant(tenant).write((tx) => enqueueMany(tx, queue, jobs));
  expect(new Set(answers.map(({ id }) => id)).size).toBe(2_000);
  expect((await listRows(probe)).map(({ payload }) => payload.label)).toEqual(jobs.map(({ payload }) => payload.label));
  const tooMany = Array.from({ length: 10_001 }, () => ({ payload: { label: 'x' } }));
  await expect(probe.database.tenant(tenant).write((tx) => enqueueMany(tx, queue, tooMany))).rejects.toThrow(
    ValidationError,
  );
});

it.each([
  ['a payload of another form', { label: 5 } as never, {}, ValidationError],
  ['a payload above 256 KiB', { label: 'x'.repeat(300_000) }, {}, PayloadTooLargeError],
  ['an empty key', { label: 'x' }, { dedupKey: '' }, ValidationError],
  ['a long key', { label: 'x' }, { serialKey: 'x'.repeat(201) }, ValidationError],
  ['a priority out of range', { label: 'x' }, { priority: 101 }, ValidationError],
  ['a negative delay', { label: 'x' }, { delayMs: -1 }, ValidationError],
  ['no time', { label: 'x' }, { runAt: new Date(Number.NaN) }, ValidationError],
  ['text no database can hold', { label: 'x\0' }, {}, ValidationError],
  ['text no database can hold, with a key', { label: 'x\0' }, { dedupKey: 'k' }, ValidationError],
])('refuses %s', async (_, payload, options, kind) => {
  const refused = probe.database.tenant(newTenant()).write((tx) => enqueue(tx, queue, payload, options));
  await expect(refused).rejects.toThrow(kind);
  expect(await listRows(probe)).toEqual([]);
});

it('is refused in a transaction that only reads', async () => {
  const refused = probe.database.tenant(newTenant()).read((tx) => enqueue(tx, queue, { label: 'a' }));
  await expect(refused).rejects.toThrow('write');
});
