import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../src/index.ts';
import { addThing, startProbe, tenantA, type Probe, type ProbeTables } from './probe.ts';
import { startWireProxy, type WireProxy } from './wire-proxy.ts';

let probe: Probe;
let proxy: WireProxy;
let database: Database<ProbeTables>;

beforeAll(async () => {
  probe = await startProbe();
  proxy = await startWireProxy(probe.appUrl);
  // Test builds look behind COMMIT, which is a statement more.
  database = probe.open({ url: proxy.url, environment: 'development', poolMax: 1 });
  await database.tenant(tenantA).write((tx) => addThing(tx, 'first'));
});

afterAll(async () => {
  await probe[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

test('a read is one round trip to its answer', async () => {
  await database.tenant(tenantA).read((tx) => tx.db.selectFrom('things').select('id').execute());
  proxy.reset();
  const rows = await database.tenant(tenantA).read((tx) => tx.db.selectFrom('things').select('id').execute());
  expect(rows).toHaveLength(1);
  expect(proxy.roundTrips()).toBe(1);
});

test('queries started together are one round trip', async () => {
  proxy.reset();
  await database
    .tenant(tenantA)
    .read((tx) =>
      Promise.all([
        tx.db.selectFrom('things').select('id').execute(),
        tx.db.selectFrom('things').select('name').execute(),
        tx.db.selectFrom('things').select('rank').execute(),
      ]),
    );
  // The COMMIT of the read before may have been on its way.
  expect(proxy.roundTrips()).toBeLessThanOrEqual(2);
});

test('a write with an event and an audit row is two round trips', async () => {
  await database.tenant(tenantA).write((tx) => addThing(tx, 'warm'));
  proxy.reset();
  await database.tenant(tenantA).write(async (tx) => {
    await addThing(tx, 'second');
    tx.beforeCommit('queue', { payload: { type: 'ThingCreated' } });
  });
  expect(proxy.roundTrips()).toBe(2);
  expect((await probe.admin.query('select payload from queue')).rows).toEqual([{ payload: { type: 'ThingCreated' } }]);
});

test('load, change and emit are two round trips when the change leaves with COMMIT', async () => {
  proxy.reset();
  await database.tenant(tenantA).write(async (tx) => {
    const thing = await tx.db
      .selectFrom('things')
      .select(['id', 'version'])
      .where('tenant_id', '=', tenantA)
      .where('name', '=', 'second')
      .forUpdate()
      .executeTakeFirstOrThrow();
    tx.withCommit(
      tx.db
        .updateTable('things')
        .set({ version: thing.version + 1 })
        .where('tenant_id', '=', tenantA)
        .where('id', '=', thing.id),
    );
    tx.audit({ action: 'probe:thing:update', resourceType: 'thing', resourceId: thing.id });
    tx.beforeCommit('queue', { payload: { type: 'ThingUpdated' } });
  });
  expect(proxy.roundTrips()).toBe(2);
  const { rows } = await probe.admin.query(`select version from things where name = 'second'`);
  expect(rows).toEqual([{ version: '2' }]);
});

test('a transaction that asks nothing sends nothing', async () => {
  proxy.reset();
  await database.tenant(tenantA).write(async () => undefined);
  expect(proxy.roundTrips()).toBe(0);
});
