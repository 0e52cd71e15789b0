import { ValidationError } from '@idp/errors';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { defineConsumer, RetryLater, type ConsumedEvent, type Ordering } from '../src/index.ts';
import type { Tx } from '@idp/database';
import { partitionOf } from '../src/envelope/murmur2.ts';
import type { ProbeTables } from './bench-database.ts';
import {
  changeOne,
  listEffects,
  newTenant,
  openProbe,
  recordEffect,
  run,
  until,
  versionsOf,
  type Probe,
} from './probe.ts';
import { countRows, inboxOutcomes, listDeadLetters } from './records.ts';

type Handle = (tx: Tx<ProbeTables>, event: ConsumedEvent<'idp.catalog.v1.EntityUpdated'>) => Promise<void> | void;

const name = 'reader.probe';
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe(name);
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

/** Records every effect, after `before` had its say. */
function consumer(ordering: Ordering, before: Handle) {
  return defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name,
    types: ['idp.catalog.v1.EntityUpdated'],
    ordering,
    async handle(tx, event) {
      await recordEffect(tx, name, event);
      await before(tx, event);
    },
  });
}

it('a handler that fails for one key delays no other key, and that key is applied in order once it works', async () => {
  let broken = true;
  const failing = consumer('key', (_, event) => {
    if (broken && event.aggregateId === 'bad') throw new RetryLater(20);
  });
  await using running = await run(probe, { consumers: [failing] });
  const tenant = newTenant();
  for (let version = 1; version <= 8; version += 1) {
    await changeOne(probe, tenant, 'bad');
    await changeOne(probe, tenant, 'good');
  }
  await until(async () => versionsOf(await listEffects(probe, tenant, name), 'good').length === 8);
  expect(versionsOf(await listEffects(probe, tenant, name), 'bad')).toEqual([]);
  await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 8);
  broken = false;
  await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 0);
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'bad')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await inboxOutcomes(probe.address, tenant)).toEqual({ applied: 16 });
});

it('a failure that repeats is tried again in place: three times the chunk, then the event', async () => {
  const tries = new Map<string, number>();
  const flaky = consumer('key', (_, event) => {
    const count = (tries.get(event.id) ?? 0) + 1;
    tries.set(event.id, count);
    if (event.version === 2 && count <= 5) throw Object.assign(new Error('deadlock'), { code: '40P01' });
  });
  await using running = await run(probe, { consumers: [flaky], timing: { eventMs: 10_000 } });
  const tenant = newTenant();
  for (let version = 1; version <= 3; version += 1) await changeOne(probe, tenant, 'a');
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1, 2, 3]);
  expect(Math.max(...tries.values())).toBeGreaterThanOrEqual(6);
  expect(await countRows(probe.address, 'reader.dead_letters')).toBe(0);
});

it('a failure that lasts is parked and applied later', async () => {
  let broken = true;
  const failing = consumer('none', () => {
    if (broken) throw Object.assign(new Error('busy'), { code: '55P03' });
  });
  await using running = await run(probe, { consumers: [failing], timing: { parkedMs: [200] } });
  const tenant = newTenant();
  await changeOne(probe, tenant, 'a');
  await until(async () => (await countRows(probe.address, 'reader.parked_events', `last_code = '55P03'`)) === 1);
  broken = false;
  await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 0);
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1]);
});

it('a permanent failure is a dead letter at once; under key the later events of the key wait', async () => {
  const failing = consumer('key', (_, event) => {
    if (event.aggregateId === 'bad' && event.version === 2) throw new ValidationError('no such thing');
  });
  await using running = await run(probe, { consumers: [failing] });
  const tenant = newTenant();
  for (let version = 1; version <= 4; version += 1) {
    await changeOne(probe, tenant, 'bad');
    await changeOne(probe, tenant, 'good');
  }
  await running.drain();
  const effects = await listEffects(probe, tenant, name);
  expect(versionsOf(effects, 'bad')).toEqual([1]);
  expect(versionsOf(effects, 'good')).toEqual([1, 2, 3, 4]);
  const letters = await listDeadLetters(probe.address);
  expect(letters).toHaveLength(1);
  expect(letters[0]).toMatchObject({
    tenant_id: tenant,
    consumer: name,
    error_code: 'VALIDATION_ERROR',
    key: `${tenant}:bad`,
  });
  expect(await countRows(probe.address, 'reader.parked_events', `last_code = 'WAITS' and next_at = 'infinity'`)).toBe(
    2,
  );
  expect(await inboxOutcomes(probe.address, tenant)).toEqual({ applied: 5, dead: 1, parked: 2 });
});

it.each(['latest', 'none'] as const)('a permanent failure under %s holds back nothing', async (ordering) => {
  const failing = consumer(ordering, (_, event) => {
    if (event.version === 2) throw new ValidationError('no such thing');
  });
  await using running = await run(probe, { consumers: [failing] });
  const tenant = newTenant();
  for (let version = 1; version <= 4; version += 1) await changeOne(probe, tenant, 'a');
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1, 3, 4]);
  expect(await countRows(probe.address, 'reader.dead_letters')).toBe(1);
});

it('a handler past its time counts as a transient failure and commits nothing', async () => {
  let slow = true;
  const sleeping = consumer('key', async (_, event) => {
    if (slow && event.aggregateId === 'slow') await new Promise(() => undefined);
  });
  await using running = await run(probe, {
    consumers: [sleeping],
    timing: { handlerMs: 400, chunkRetries: 0, eventMs: 1 },
  });
  const tenant = newTenant();
  await changeOne(probe, tenant, 'slow');
  await changeOne(probe, tenant, 'fast');
  await until(
    async () => (await countRows(probe.address, 'reader.parked_events', `last_code = 'HANDLER_TIMEOUT'`)) === 1,
  );
  await until(async () => versionsOf(await listEffects(probe, tenant, name), 'fast').length === 1);
  expect(versionsOf(await listEffects(probe, tenant, name), 'slow')).toEqual([]);
  slow = false;
  await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 0);
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'slow')).toEqual([1]);
});

it('an event that exhausts its tries becomes a dead letter', async () => {
  const failing = consumer('none', () => {
    throw new RetryLater(1);
  });
  await using running = await run(probe, { consumers: [failing], timing: { parkedAttemptsMax: 3 } });
  const tenant = newTenant();
  await changeOne(probe, tenant, 'a');
  await until(async () => (await countRows(probe.address, 'reader.dead_letters')) === 1);
  await running.drain();
  expect(await listDeadLetters(probe.address)).toMatchObject([
    { tenant_id: tenant, error_code: 'RETRY_LATER', attempts: 3 },
  ]);
  expect(await inboxOutcomes(probe.address, tenant)).toEqual({ dead: 1 });
});

it('an error that a handler swallows rolls its chunk back all the same', async () => {
  const swallowing = consumer('none', async (tx, event) => {
    if (event.aggregateId !== 'bad') return;
    await tx.db
      .insertInto('effects')
      .values({ consumer: name } as never)
      .execute()
      .catch(() => undefined);
  });
  const tenant = newTenant();
  const partOf = (id: string): number => partitionOf(`${tenant}:${id}`, probe.topics[0]!.partitions);
  const good = Array.from({ length: 1_000 }, (_, no) => `good-${no}`).find((id) => partOf(id) === partOf('bad'))!;
  {
    // Both lie on the bus before anybody reads: they come in one chunk.
    await using sending = await run(probe, { consumers: [] });
    await changeOne(probe, tenant, 'bad');
    await changeOne(probe, tenant, good);
    await sending.drain();
  }
  await using running = await run(probe, { consumers: [swallowing] });
  await running.drain();
  const effects = await listEffects(probe, tenant, name);
  expect(versionsOf(effects, 'bad')).toEqual([]);
  expect(versionsOf(effects, good)).toEqual([1]);
  expect(await listDeadLetters(probe.address)).toMatchObject([{ error_code: '23502' }]);
});
