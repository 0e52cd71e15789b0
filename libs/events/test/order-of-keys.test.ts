import { newId } from '@idp/contracts';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { defineConsumer, type Ordering } from '../src/index.ts';
import type { ProbeTables } from './bench-database.ts';
import {
  listEffects,
  newTenant,
  openProbe,
  quickTiming,
  recordEffect,
  run,
  until,
  versionsOf,
  type Probe,
} from './probe.ts';
import { countRows, entityRecord, inboxOutcomes, inject, listDeadLetters } from './records.ts';

const name = 'reader.probe';
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe(name);
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

function consumer(ordering: Ordering = 'key') {
  return defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name,
    types: ['idp.catalog.v1.EntityUpdated'],
    ordering,
    handle: (tx, event) => recordEffect(tx, name, event),
  });
}

const sequence = (tenantId: string, versions: readonly number[]) => {
  const ids = new Map<number, string>();
  return versions.map((version) => {
    const id = ids.get(version) ?? newId();
    ids.set(version, id);
    return entityRecord({ tenantId, aggregateId: 'a', version, id });
  });
};

it('applies each event once when a relay sent the same prefix again', async () => {
  await using running = await run(probe, { consumers: [consumer()] });
  const tenant = newTenant();
  await inject(probe, sequence(tenant, [1, 2, 3, 1, 2, 3, 4]));
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1, 2, 3, 4]);
});

it('applies each event once when an old copy arrives much later', async () => {
  await using running = await run(probe, { consumers: [consumer('none')] });
  const tenant = newTenant();
  const records = sequence(tenant, [1, 2, 3]);
  await inject(probe, records);
  await running.drain();
  await inject(probe, records);
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1, 2, 3]);
});

it('begins a key at the version it meets first', async () => {
  await using running = await run(probe, { consumers: [consumer()] });
  const tenant = newTenant();
  await inject(probe, sequence(tenant, [41, 42]));
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([41, 42]);
});

it('applies a resent prefix once and in order, also within one chunk', async () => {
  const tenant = newTenant();
  const [one, two, three] = sequence(tenant, [1, 2, 3]);
  await inject(probe, [one!, two!, one!, two!, three!, one!]);
  await using running = await run(probe, { consumers: [consumer()] });
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1, 2, 3]);
});

it('waits for a missing version and goes on in order when it arrives', async () => {
  await using running = await run(probe, { consumers: [consumer()], timing: { gapMs: 60_000 } });
  const tenant = newTenant();
  const [one, two, three, four] = sequence(tenant, [1, 2, 3, 4]);
  await inject(probe, [one!, three!, four!]);
  await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 2);
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1]);
  await inject(probe, [two!]);
  await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 0);
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1, 2, 3, 4]);
  expect(await inboxOutcomes(probe.address, tenant)).toEqual({ applied: 4 });
});

it('makes a dead letter of an event whose predecessor never comes', async () => {
  await using running = await run(probe, { consumers: [consumer()], timing: { gapMs: 150 } });
  const tenant = newTenant();
  await inject(probe, sequence(tenant, [1, 3, 4]));
  await until(async () => (await listDeadLetters(probe.address)).length === 1);
  await running.drain();
  expect(await listDeadLetters(probe.address)).toMatchObject([{ error_code: 'SEQUENCE_GAP', key: `${tenant}:a` }]);
  // What follows the dead letter waits for it to be closed.
  expect(await countRows(probe.address, 'reader.parked_events', `next_at = 'infinity'`)).toBe(1);
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1]);
});

it('steps over types it does not list, also while their key waits', async () => {
  await using running = await run(probe, { consumers: [consumer()], timing: { gapMs: 60_000 } });
  const tenant = newTenant();
  const at = (version: number, type?: string) =>
    entityRecord({ tenantId: tenant, aggregateId: 'a', version, ...(type === undefined ? {} : { type }) });
  const created = 'idp.catalog.v1.EntityCreated';
  const late = at(4);
  await inject(probe, [at(1, created), at(2), at(3, created), at(5, created), at(6)]);
  await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 2);
  await inject(probe, [late]);
  await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 0);
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([2, 4, 6]);
  expect(await countRows(probe.address, 'reader.stream_cursors', 'sequence = 6')).toBe(1);
});

it('keeps order and effects once when two processes work on the same partitions', async () => {
  await using first = await run(probe, { consumers: [consumer()] });
  await using second = await run(probe, { consumers: [consumer()], timing: quickTiming });
  const tenants = Array.from({ length: 4 }, newTenant);
  const versions = Array.from({ length: 30 }, (_, at) => at + 1);
  for (let at = 0; at < versions.length; at += 5) {
    for (const tenant of tenants) await inject(probe, sequence(tenant, versions.slice(at, at + 5)));
  }
  await first.drain();
  await second.drain();
  for (const tenant of tenants) expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual(versions);
});
