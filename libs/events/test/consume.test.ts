import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineConsumer } from '../src/index.ts';
import type { ProbeTables } from './bench-database.ts';
import {
  change,
  changeOne,
  listEffects,
  newTenant,
  openProbe,
  recordEffect,
  run,
  versionsOf,
  type Probe,
} from './probe.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe('reader.first', 'reader.second');
});
afterAll(() => probe[Symbol.asyncDispose]());

function recorder(name: string) {
  return defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name,
    types: ['idp.catalog.v1.EntityUpdated'],
    ordering: 'key',
    handle: (tx, event) => recordEffect(tx, name, event),
  });
}

it('carries an event from the transaction of one service into that of another, to every consumer once', async () => {
  await using running = await run(probe, { consumers: [recorder('reader.first'), recorder('reader.second')] });
  const tenant = newTenant();
  await changeOne(probe, tenant, 'a');
  await running.drain();
  for (const name of ['reader.first', 'reader.second']) {
    expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1]);
  }
});

it('keeps the order of each key over many transactions, and two events of one transaction', async () => {
  await using running = await run(probe, { consumers: [recorder('reader.first'), recorder('reader.second')] });
  const tenants = [newTenant(), newTenant()];
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(
      tenants.flatMap((tenant) =>
        ids.map((id) =>
          probe.producer.database.tenant(tenant).write(
            async (tx) => {
              await change(tx, id);
              await change(tx, id);
            },
            { unaudited: 'test' },
          ),
        ),
      ),
    );
  }
  await running.drain();
  for (const tenant of tenants) {
    const effects = await listEffects(probe, tenant, 'reader.first');
    for (const id of ids) expect(versionsOf(effects, id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  }
});

it('emits nothing for a transaction that is rolled back', async () => {
  await using running = await run(probe, { consumers: [recorder('reader.first'), recorder('reader.second')] });
  const tenant = newTenant();
  const failing = probe.producer.database.tenant(tenant).write(
    async (tx) => {
      await change(tx, 'a');
      throw new Error('no');
    },
    { unaudited: 'test' },
  );
  await expect(failing).rejects.toThrow('no');
  await running.drain();
  expect(await listEffects(probe, tenant, 'reader.first')).toEqual([]);
});
