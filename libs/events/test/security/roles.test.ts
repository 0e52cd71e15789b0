import { newId, platformTenantId } from '@idp/contracts';
import { serviceRoles } from '@idp/database';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, loginUrl, producer, reader } from '../bench-database.ts';
import { changeOne, newTenant, openProbe, type Probe } from '../probe.ts';
import { entityTopic } from '../records.ts';

const group = 'idp.reader.probe';
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe('reader.probe');
});
afterAll(() => probe[Symbol.asyncDispose]());

const login = (service: string, kind: 'app' | 'relay') => {
  const { adminUrl, prefix } = probe.address;
  return connect(loginUrl(adminUrl, serviceRoles(service, prefix)[kind]));
};
const denied = { code: '42501' };
const setTenant = (tenant: string) => `begin; set local app.tenant_id = '${tenant}'`;

it('the app role writes its outbox and can neither read nor change it', async () => {
  await using app = await login(producer, 'app');
  for (const statement of [
    'select * from outbox',
    'delete from outbox',
    `update outbox set topic = ''`,
    'truncate outbox',
  ]) {
    await expect(app.query(statement), statement).rejects.toMatchObject(denied);
  }
});

it('the app role cannot put an event into another tenant', async () => {
  await using app = await login(producer, 'app');
  await app.query(setTenant(newTenant()));
  const insert = `insert into outbox (tenant_id, shard, event_id, topic, key, headers) values ($1, 0, $2, 't', 'k', '{}')`;
  await expect(app.query(insert, [newTenant(), newId()])).rejects.toMatchObject(denied);
});

it.each(['outbox_shards', 'outbox_refused', 'partition_starts', 'consumer_states'])(
  'the app role has no right on %s',
  async (table) => {
    await using app = await login(producer, 'app');
    await expect(app.query(`select * from ${table}`)).rejects.toMatchObject(denied);
  },
);

it('no role of a service reaches the tables of another', async () => {
  for (const kind of ['app', 'relay'] as const) {
    await using client = await login(reader, kind);
    for (const table of ['outbox', 'inbox', 'aggregates']) {
      await expect(client.query(`select * from ${producer}.${table}`), `${kind} ${table}`).rejects.toMatchObject(
        denied,
      );
    }
  }
});

it('the relay role sees the events of all tenants and no row of a tenant table', async () => {
  await changeOne(probe, newTenant(), 'a');
  await using relay = await login(producer, 'relay');
  await expect(relay.query('select * from outbox')).resolves.toMatchObject({ rowCount: 1 });
  await expect(relay.query('select * from aggregates')).rejects.toMatchObject(denied);
  await expect(
    relay.query(`insert into outbox (shard, event_id, topic, key, headers) values (0, $1, 't', 'k', '{}')`, [newId()]),
  ).rejects.toMatchObject(denied);
});

it.each(['inbox', 'stream_cursors', 'parked_events', 'dead_letters'])(
  '%s shows a tenant its own rows only, and nobody any',
  async (table) => {
    const [mine, other] = [newTenant(), newTenant()];
    await using admin = await connect(probe.address.adminUrl);
    for (const tenant of [mine, other, platformTenantId]) await admin.query(fill[table]!, [tenant, newId()]);
    await using app = await login(reader, 'app');
    await expect(app.query(`select * from ${table}`)).resolves.toMatchObject({ rowCount: 0 });
    await app.query(setTenant(mine));
    const { rows } = await app.query<{ tenant_id: string }>(`select tenant_id from ${table}`);
    expect(rows).toEqual([{ tenant_id: mine }]);
    const touched = await app.query(`update ${table} set consumer = consumer where tenant_id = $1`, [other]);
    expect(touched.rowCount).toBe(0);
  },
);

const fill: Record<string, string> = {
  inbox: `insert into reader.inbox (tenant_id, consumer, event_id, outcome) values ($1, 'reader.probe', $2, 'applied')`,
  stream_cursors: `insert into reader.stream_cursors (tenant_id, consumer, key, sequence) values ($1, 'reader.probe', $2, 1)`,
  parked_events: `insert into reader.parked_events (tenant_id, consumer, key, event_id, topic, part, "offset", headers, next_at, last_code, last_error)
    values ($1, 'reader.probe', $2::text, $2::uuid, 't', 0, 0, '{}', 'infinity', 'WAITS', '')`,
  dead_letters: `insert into reader.dead_letters (tenant_id, id, consumer, topic, part, "offset", key, event_id, headers, payload_bytes, error_code, message, fingerprint, attempts, first_at)
    values ($1, $2::uuid, 'reader.probe', 't', 0, 0, $2::text, $2::uuid, '{}', 0, 'X', '', '', 1, now())`,
};

it('the bus has no table that a service may touch', async () => {
  await using app = await login(reader, 'app');
  for (const table of ['topics', 'partitions', 'records', 'readers', 'group_offsets']) {
    await expect(app.query(`select * from bus.${table}`), table).rejects.toMatchObject(denied);
  }
});

const append = (topic: string) => `select bus.append('${topic}', array[0], array['k'], array['{}'], array[''::bytea])`;

it('only the owner of a topic appends to it', async () => {
  await using owner = await login(producer, 'app');
  await expect(owner.query(append(entityTopic))).resolves.toBeDefined();
  await expect(owner.query(append('idp.reader.audit.v1'))).rejects.toMatchObject({ code: 'UB002' });
  await expect(owner.query(append('idp.nobody.thing.v1'))).rejects.toMatchObject({ code: 'UB001' });
  await using other = await login(reader, 'app');
  await expect(other.query(append(entityTopic))).rejects.toMatchObject({ code: 'UB002' });
  await using relay = await login(producer, 'relay');
  await expect(relay.query(append(entityTopic))).rejects.toMatchObject(denied);
});

it('only a listed reader joins a group, takes from it, and reads the topic', async () => {
  await using listed = await login(reader, 'app');
  await expect(
    listed.query(`select bus.join_group('${group}', array['${entityTopic}'], 'start')`),
  ).resolves.toBeDefined();
  await expect(listed.query(`select * from bus.fetch('${entityTopic}', 0, 0, 10)`)).resolves.toBeDefined();
  await using other = await login(producer, 'app');
  for (const call of [
    `join_group('${group}', array['${entityTopic}'], 'start')`,
    `fetch('${entityTopic}', 0, 0, 10)`,
    `heads(array['${entityTopic}'])`,
  ]) {
    await expect(other.query(`select * from bus.${call}`), call).rejects.toMatchObject({ code: 'UB003' });
  }
  for (const call of [`take('${group}', 10)`, `lag('${group}')`, `pending(array['${group}'])`]) {
    await expect(other.query(`select * from bus.${call}`), call).resolves.toMatchObject({ rowCount: 0 });
  }
  const moved = await other.query<{ commit: boolean }>(
    `select bus.commit('${group}', '${entityTopic}', 0, 1) as commit`,
  );
  expect(moved.rows).toEqual([{ commit: false }]);
});

it('a service that becomes another role on its connection is still itself', async () => {
  await using app = await login(reader, 'app');
  const { app: producerRole } = serviceRoles(producer, probe.address.prefix);
  await expect(app.query(`set role ${producerRole}`)).rejects.toMatchObject(denied);
  await expect(app.query(`set session authorization ${producerRole}`)).rejects.toMatchObject(denied);
});

it("retention deletes only the caller's own expired records", async () => {
  await using admin = await connect(probe.address.adminUrl);
  await admin.query(`update bus.records set created_at = now() - interval '30 days'`);
  await using other = await login(reader, 'app');
  await expect(other.query('select bus.retain(1000) as gone')).resolves.toMatchObject({ rows: [{ gone: 0 }] });
  await using owner = await login(producer, 'app');
  await expect(owner.query('select bus.retain(1000) as gone')).resolves.toMatchObject({ rows: [{ gone: 1 }] });
});
