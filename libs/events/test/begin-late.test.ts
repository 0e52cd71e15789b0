import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { decodeEvent } from '@idp/contracts';
import { defineConsumer } from '../src/index.ts';
import { connect, type ProbeTables } from './bench-database.ts';
import { changeOne, listEffects, newTenant, openProbe, recordEffect, run, until, type Probe } from './probe.ts';

const name = 'reader.probe';
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe(name);
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

const readModel = (clear: boolean) =>
  defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name,
    types: ['idp.catalog.v1.EntityUpdated'],
    ordering: 'latest',
    ...(clear && { clear: async () => undefined }),
    handle: (tx, event) => recordEffect(tx, name, event),
  });

/** What the reader asked of owners. */
async function requests(): Promise<{ tenantId: string; topic: string; requestedBy: string }[]> {
  await using client = await connect(probe.address.adminUrl);
  const { rows } = await client.query<{ payload: Buffer }>(
    `select payload from bus.records where topic = 'idp.reader.snapshot-request.v1'`,
  );
  return rows.map(({ payload }) => decodeEvent('idp.common.v1.SnapshotRequested', payload));
}

/** Five changes are published before the reader is there. */
async function publishBefore(tenant: string): Promise<void> {
  await using producing = await run(probe, { consumers: [] });
  for (let count = 0; count < 5; count++) await changeOne(probe, tenant, 'a');
  await producing.drain();
}

async function trim(): Promise<void> {
  await using client = await connect(probe.address.adminUrl);
  await client.query('delete from bus.records where "offset" < 2');
}

it('a read model that comes to a topic whose beginning is gone asks its owner once for all of it', async () => {
  const tenant = newTenant();
  await publishBefore(tenant);
  await trim();
  for (let start = 0; start < 2; start++) {
    await using running = await run(probe, { consumers: [readModel(true)] });
    await running.drain();
    await until(async () => (await requests()).length === 1);
  }
  expect(await listEffects(probe, tenant, name)).toHaveLength(3);
  expect(await requests()).toMatchObject([
    { tenantId: '00000000-0000-7000-8000-000000000000', topic: 'idp.catalog.entity.v1', requestedBy: name },
  ]);
});

it.each([
  ['finds the topic whole', true, false],
  ['keeps no state of its own', false, true],
])('a consumer that %s asks for nothing', async (_name, clear, trimmed) => {
  const tenant = newTenant();
  await publishBefore(tenant);
  if (trimmed) await trim();
  await using running = await run(probe, { consumers: [readModel(clear)] });
  await running.drain();
  expect(await requests()).toEqual([]);
});

it('a process becomes a worker and ceases to be one while it runs', async () => {
  const tenant = newTenant();
  await using running = await run(probe, { consumers: [readModel(true)] });
  const { consuming } = running;
  for (let round = 1; round <= 2; round++) {
    await consuming.setRole('api');
    await changeOne(probe, tenant, 'a');
    await until(async () => (await consuming.status()).consumers[0]!.lag === 1);
    expect(await listEffects(probe, tenant, name)).toHaveLength(round - 1);
    await consuming.setRole('worker');
    await running.drain();
    expect(await listEffects(probe, tenant, name)).toHaveLength(round);
  }
});

it('duplicates on the wire that a test orders have one effect each; production refuses them', async () => {
  const tenant = newTenant();
  const env = { EVENTS_CHAOS_DUPLICATE: '1' };
  await using running = await run(probe, { consumers: [readModel(true)], env });
  for (let count = 0; count < 5; count++) await changeOne(probe, tenant, 'a');
  await running.drain();
  await using client = await connect(probe.address.adminUrl);
  const { rows } = await client.query(`select from bus.records where topic = 'idp.catalog.entity.v1'`);
  expect(rows).toHaveLength(10);
  expect(await listEffects(probe, tenant, name)).toHaveLength(5);
  await expect(run(probe, { consumers: [], env: { ...env, NODE_ENV: 'production' } })).rejects.toThrow(/production/);
});

it('a process starts while a frozen one of its service is about to move the places of their group', async () => {
  const tenant = newTenant();
  await using first = await run(probe, { consumers: [readModel(true)] });
  await changeOne(probe, tenant, 'a');
  await first.drain();
  await using frozen = await connect(probe.address.adminUrl);
  await frozen.query('begin');
  await frozen.query('update bus.group_offsets set "offset" = "offset"');
  await using second = await run(probe, { consumers: [readModel(true)] });
  await frozen.query('rollback');
  await changeOne(probe, tenant, 'a');
  await second.drain();
  expect(await listEffects(probe, tenant, name)).toHaveLength(2);
});
