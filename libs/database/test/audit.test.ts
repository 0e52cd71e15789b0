import { newId } from '@idp/contracts';
import { createTelemetry, runInContext } from '@idp/telemetry';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AuditRecord, Database } from '../src/index.ts';
import { addThing, countThings, service, startProbe, tenantA, type Probe, type ProbeTables } from './probe.ts';

let probe: Probe;
let database: Database<ProbeTables>;

beforeAll(async () => {
  probe = await startProbe();
  database = probe.open();
});
beforeEach(async () => {
  await probe.admin.query('truncate things, audit_log, queue');
});
afterAll(() => probe[Symbol.asyncDispose]());

const context = {
  requestId: 'req-1',
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  actor: 'user:7',
  onBehalfOf: 'user:8',
  sessionId: 's-1',
  ip: '192.0.2.1',
  userAgent: 'curl/8',
};

const add = (db = database, options = {}) =>
  db
    .tenant(tenantA)
    .write((tx) => tx.db.insertInto('things').values({ id: newId(), name: newId() }).execute(), options);

test('a row of the audit log says who, whence, what and when', async () => {
  await runInContext(context, () => database.tenant(tenantA).write((tx) => addThing(tx, 'a')));
  const { rows } = await probe.admin.query('select * from audit_log');
  expect(rows).toEqual([
    expect.objectContaining({
      tenant_id: tenantA,
      action: 'probe:thing:create',
      resource_type: 'thing',
      outcome: 'succeeded',
      actor: 'user:7',
      on_behalf_of: 'user:8',
      session_id: 's-1',
      ip: '192.0.2.1',
      user_agent: 'curl/8',
      request_id: 'req-1',
      trace_id: context.traceId,
      before: null,
      after: { name: 'a' },
      truncated: false,
    }),
  ]);
});

test('a mutation without audit and without a reason fails and changes nothing', async () => {
  await expect(add()).rejects.toThrow('tx.audit()');
  expect(await countThings(probe)).toBe(0);
  const changing = [
    sql`insert into things (id, name) values (${newId()}, 'a')`,
    sql`with added as (insert into things (id, name) values (${newId()}, 'b') returning id) select id from added`,
  ];
  for (const statement of changing) {
    await expect(database.tenant(tenantA).write((tx) => statement.execute(tx.db))).rejects.toThrow('tx.audit()');
  }
  expect(await countThings(probe)).toBe(0);
});

test('a reason, a change of no row and a read need no audit', async () => {
  await add(database, { unaudited: 'seed of the test' });
  await database.tenant(tenantA).write((tx) => tx.db.deleteFrom('things').where('name', '=', 'absent').execute());
  await database.tenant(tenantA).write((tx) => tx.db.selectFrom('things').select('id').execute());
  expect(await countThings(probe)).toBe(1);
});

test('in production it is counted instead', async () => {
  const { metrics, logger } = createTelemetry({ service, version: 'test', level: 'fatal' });
  const production = probe.open({ environment: 'production', metrics, logger });
  await add(production);
  expect(await countThings(probe)).toBe(1);
  expect(await metrics.registry.getSingleMetricAsString('unaudited_writes_total')).toMatch(/ 1$/m);
});

test('sensitive members are redacted at any depth, in the row and for the sink', async () => {
  const records: AuditRecord[] = [];
  const watched = probe.open();
  watched.setAuditSink((tx, record) => {
    records.push(record);
    tx.beforeCommit('queue', { payload: { id: record.id } });
  });
  await watched.tenant(tenantA).write(async (tx) => {
    tx.audit({
      action: 'probe:thing:update',
      resourceType: 'thing',
      resourceId: '1',
      before: { name: 'a', password: 'hunter1', nested: [{ token: 'old' }], same: { token: 'kept' } },
      after: { name: 'b', password: 'hunter2', nested: [{ token: 'new' }], same: { token: 'kept' } },
      sensitive: ['password', 'token'],
    });
  });
  const { rows } = await probe.admin.query<{ id: string; before: unknown; after: unknown }>(
    'select id, before, after from audit_log',
  );
  expect(rows[0]?.before).toEqual({
    name: 'a',
    password: '[redacted:changed]',
    nested: [{ token: '[redacted:changed]' }],
    same: { token: '[redacted]' },
  });
  expect(rows[0]?.after).toMatchObject({ name: 'b', password: '[redacted:changed]' });
  expect(JSON.stringify(records)).not.toMatch(/hunter|old|kept/);
  expect((await probe.admin.query('select payload from queue')).rows).toEqual([{ payload: { id: rows[0]?.id } }]);
});

test('states above 32 KiB keep the changed paths only', async () => {
  const big = { text: 'x'.repeat(40_000), kept: 1, deep: { a: 1, b: 2 } };
  await database.tenant(tenantA).write(async (tx) => {
    tx.audit({
      action: 'probe:thing:update',
      resourceType: 'thing',
      resourceId: '1',
      before: big,
      after: { ...big, deep: { a: 1, b: 3 }, text: 'y'.repeat(40_000) },
    });
  });
  const { rows } = await probe.admin.query('select before, after, truncated from audit_log');
  const changed = { changedPaths: ['text', 'deep.b'] };
  expect(rows).toEqual([{ before: changed, after: changed, truncated: true }]);
});

test('the app role reads and adds audit rows and changes none', async () => {
  await database.tenant(tenantA).write((tx) => addThing(tx, 'a'));
  for (const text of ['update audit_log set actor = null', 'delete from audit_log', 'truncate audit_log']) {
    const running = database.tenant(tenantA).write((tx) => sql.raw(text).execute(tx.db), { unaudited: 'test' });
    await expect(running).rejects.toMatchObject({ code: '42501' });
  }
});

test('this month and the next three have partitions; a row of any other time is kept', async () => {
  const { rows } = await probe.admin.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_log'::regclass order by 1`,
  );
  expect(rows).toHaveLength(5);
  await probe.admin.query(
    `insert into audit_log (tenant_id, occurred_at, id, action, resource_type, resource_id, outcome, actor)
     values ($1, '2001-01-01', $2, 'a', 'b', 'c', 'succeeded', 'd')`,
    [tenantA, newId()],
  );
  expect((await probe.admin.query('select from audit_log_default')).rows).toHaveLength(1);
});
