import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { decodeEvent, newId } from '@idp/contracts';
import { runInContext, currentContext } from '@idp/telemetry';
import {
  createEventRuntime,
  createPostgresTransport,
  createWakeSignal,
  defineConsumer,
  EventConfigurationError,
  publish,
  type ConsumedEvent,
  type ConsumerDefinition,
} from '../src/index.ts';
import { connect, topicsWithReaders, type ProbeTables } from './bench-database.ts';
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
import { countRows, entityRecord, inject } from './records.ts';

const name = 'reader.probe';
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe(name);
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

const types = ['idp.catalog.v1.EntityUpdated'] as const;
const recorder = defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
  name,
  types,
  ordering: 'key',
  handle: (tx, event) => recordEffect(tx, name, event),
});

function create(consumers: readonly ConsumerDefinition[], env: Record<string, string> = {}) {
  const { service, database, metrics, logger } = probe.reader;
  const wake = createWakeSignal();
  const transport = createPostgresTransport({ database, wake, logger });
  const topics = topicsWithReaders(name);
  return {
    transport,
    runtime: () => createEventRuntime({ service, database, transport, wake, consumers, metrics, logger, env, topics }),
  };
}

const noop = async (): Promise<void> => undefined;
it.each<[string, () => unknown]>([
  ['two consumers of one name', () => create([recorder, recorder]).runtime()],
  [
    'a consumer that topics.yaml does not list',
    () => create([defineConsumer({ name: 'reader.other', types, ordering: 'none', handle: noop })]).runtime(),
  ],
  [
    'a consumer of another service',
    () => create([defineConsumer({ name: 'ledger.probe', types, ordering: 'none', handle: noop })]).runtime(),
  ],
  [
    'a consumer of its own service',
    () =>
      create([
        defineConsumer({ name, types: ['idp.common.v1.AuditRecorded'], ordering: 'none', handle: noop }),
      ]).runtime(),
  ],
  [
    'an unknown type',
    () => defineConsumer({ name, types: ['idp.nothing.v1.Happened'] as never, ordering: 'none', handle: noop }),
  ],
  ['a name without service', () => defineConsumer({ name: 'probe', types, ordering: 'none', handle: noop })],
  ['many events at once in order', () => defineConsumer({ name, types, ordering: 'key', handleMany: noop })],
  [
    'a failpoint in production',
    () => create([recorder], { FAILPOINT: 'relay.afterAck', NODE_ENV: 'production' }).runtime(),
  ],
  ['too many relay loops', () => create([recorder], { EVENTS_RELAY_LOOPS: '9' }).runtime()],
])('does not start with %s', (_, start) => {
  expect(start).toThrow(EventConfigurationError);
});

it('does not start on a bus that does not know the consumer', async () => {
  await using admin = await connect(probe.address.adminUrl);
  await admin.query(`update bus.readers set role = 'nobody'`);
  const { runtime, transport } = create([recorder]);
  await expect(runtime().start()).rejects.toThrow(EventConfigurationError);
  await transport.close();
  await admin.query(`update bus.readers set role = $1`, [`${probe.address.prefix}reader_app`]);
});

it('keeps a consumer paused over a restart, and reports what waits', async () => {
  const tenant = newTenant();
  {
    await using running = await run(probe, { consumers: [recorder] });
    await running.consuming.consumers.setPaused(name, true, 'user:operator');
    await changeOne(probe, tenant, 'a');
    await running.drain();
  }
  await using running = await run(probe, { consumers: [recorder] });
  await running.drain();
  expect(await running.consuming.status()).toMatchObject({
    consumers: [{ name, paused: true, lag: 1, parked: 0, dead: 0 }],
  });
  expect(await listEffects(probe, tenant, name)).toEqual([]);
  await running.consuming.consumers.setPaused(name, false, 'user:operator');
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1]);
});

it('hands all events of a tenant in a chunk over at once', async () => {
  const calls: number[] = [];
  const many = defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name,
    types,
    ordering: 'none',
    async handleMany(tx, events) {
      calls.push(events.length);
      for (const event of events) await recordEffect(tx, name, event);
    },
  });
  const tenants = [newTenant(), newTenant()];
  await inject(
    probe,
    tenants.flatMap((tenantId) => [1, 2, 3].map((version) => entityRecord({ tenantId, aggregateId: 'a', version }))),
  );
  await using running = await run(probe, { consumers: [many] });
  await running.drain();
  expect(calls).toEqual([3, 3]);
  for (const tenant of tenants) expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1, 2, 3]);
});

it('events of a handler name what caused them, and exist only with its effect', async () => {
  let fail = true;
  const emitting = defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name,
    types,
    ordering: 'none',
    async handle(tx, event) {
      publish(tx, { type: 'idp.common.v1.TenantPrepared', aggregateId: event.tenantId, data: { service: 'reader' } });
      await recordEffect(tx, name, event);
      if (fail) {
        fail = false;
        throw Object.assign(new Error('again'), { code: '40001' });
      }
      expect(currentContext()).toMatchObject({
        actor: 'service:reader',
        onBehalfOf: 'user:somebody',
        causationId: event.id,
      });
    },
  });
  const tenant = newTenant();
  const record = entityRecord({
    tenantId: tenant,
    aggregateId: 'a',
    version: 1,
    headers: { ce_actorid: 'user:somebody', ce_correlationid: 'chain' },
  });
  await inject(probe, [record]);
  await using running = await run(probe, { consumers: [emitting] });
  await running.drain();
  await using admin = await connect(probe.address.adminUrl);
  const { rows } = await admin.query<{ headers: Record<string, string> }>(
    `select headers::json as headers from bus.records where topic = 'idp.reader.tenant.v1'`,
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]!.headers).toMatchObject({
    ce_causationid: record.headers['ce_id'],
    ce_correlationid: 'chain',
    ce_source: '/idp/reader',
  });
});

it('an audit row goes out as AuditRecorded in the same transaction', async () => {
  await using running = await run(probe, { consumers: [] });
  const tenant = newTenant();
  const actor = `user:${newId()}`;
  const context = {
    requestId: newId(),
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    traceparent: '',
    actor,
    ip: '192.0.2.1',
  };
  await runInContext(context, () =>
    probe.producer.database.tenant(tenant).write(async (tx) => {
      tx.audit({
        action: 'catalog:entity:update',
        resourceType: 'entity',
        resourceId: 'a',
        before: { name: 'x' },
        after: { name: 'y' },
      });
    }),
  );
  await running.drain();
  await using admin = await connect(probe.address.adminUrl);
  const { rows } = await admin.query<{ payload: Buffer; key: string }>(
    `select payload, key from bus.records where topic = 'idp.catalog.audit.v1'`,
  );
  const event = decodeEvent('idp.common.v1.AuditRecorded', rows[0]!.payload);
  expect(event).toMatchObject({
    tenantId: tenant,
    action: 'catalog:entity:update',
    resourceId: 'a',
    ip: '192.0.2.1',
    service: 'catalog',
    outcome: 1,
    actor: { principal: actor },
  });
  expect(JSON.parse(event.afterJson)).toEqual({ name: 'y' });
  expect(rows[0]!.key).toBe(`${tenant}:${event.auditId}`);
  expect(await countRows(probe.address, 'catalog.audit_log', `id = '${event.auditId}'`)).toBe(1);
});

it('an instance consumer has read its topics whole before the service is ready, and loads its base again after a failure', async () => {
  const tenant = newTenant();
  await inject(
    probe,
    [1, 2].map((version) => entityRecord({ tenantId: tenant, aggregateId: 'a', version })),
  );
  const seen: (number | string | undefined)[] = [];
  const instance = defineConsumer({
    name,
    types,
    mode: 'instance',
    ordering: 'latest',
    from: 'start',
    async onReset() {
      seen.push('reset');
    },
    handle(event: ConsumedEvent<'idp.catalog.v1.EntityUpdated'>) {
      seen.push(event.version);
      if (event.version === 3) throw new Error('broken');
    },
  });
  await using running = await run(probe, { consumers: [instance] });
  await running.consuming.ready();
  expect(seen).toEqual(['reset', 1, 2]);
  await inject(
    probe,
    [3, 4].map((version) => entityRecord({ tenantId: tenant, aggregateId: 'a', version })),
  );
  await until(() => seen.includes(4));
  expect(seen).toEqual(['reset', 1, 2, 3, 'reset', 4]);
});

it('an instance consumer lives in a process of every role, and only once', async () => {
  const tenant = newTenant();
  const seen: (number | undefined)[] = [];
  const instance = defineConsumer({
    name,
    types,
    mode: 'instance',
    ordering: 'latest',
    from: 'start',
    onReset: noop,
    handle: (event: ConsumedEvent<'idp.catalog.v1.EntityUpdated'>) => void seen.push(event.version),
  });
  const publish = (version: number) => inject(probe, [entityRecord({ tenantId: tenant, aggregateId: 'a', version })]);
  await publish(1);
  await using running = await run(probe, { consumers: [instance], env: { ROLE: 'api' } });
  await running.consuming.ready();
  expect(seen).toEqual([1]);
  await running.consuming.setRole('worker');
  await publish(2);
  await until(() => seen.length === 2);
  await running.consuming.setRole('api');
  await publish(3);
  await until(() => seen.length === 3);
  expect(seen).toEqual([1, 2, 3]);
});

it('shows lag, parked events, dead letters and the outbox as metrics without tenants', async () => {
  await using running = await run(probe, { consumers: [recorder] });
  const tenant = newTenant();
  await changeOne(probe, tenant, 'a');
  await running.drain();
  const consumed = await probe.reader.metrics.registry.metrics();
  const produced = await probe.producer.metrics.registry.metrics();
  for (const metric of [
    'event_consumer_lag_records',
    'event_age_seconds_bucket',
    'event_handler_duration_seconds_bucket',
    'event_outcomes_total',
    'parked_events',
    'dead_letters',
  ]) {
    expect(consumed, metric).toContain(metric);
  }
  for (const metric of [
    'outbox_pending',
    'outbox_oldest_age_seconds',
    'outbox_published_total',
    'outbox_held_topics',
  ]) {
    expect(produced, metric).toContain(metric);
  }
  expect(consumed + produced).not.toContain(tenant);
});

it('an owner whose partition was taken away commits nothing', async () => {
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let calls = 0;
  const slow = defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name,
    types,
    ordering: 'key',
    timeoutMs: 20_000,
    async handle(tx, event) {
      calls += 1;
      await recordEffect(tx, name, event);
      if (calls > 1) return;
      enter();
      await gate;
    },
  });
  const tenant = newTenant();
  await inject(probe, [entityRecord({ tenantId: tenant, aggregateId: 'a', version: 1 })]);
  await using running = await run(probe, { consumers: [slow] });
  await entered;
  await using admin = await connect(probe.address.adminUrl);
  const { rowCount } = await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction' and query like '%bus.take%'`,
  );
  expect(rowCount).toBe(1);
  const gone = async () =>
    (
      await admin.query(
        `select from pg_stat_activity where query like '%bus.take%' and state = 'idle in transaction' and datname = current_database()`,
      )
    ).rowCount === 0;
  await until(gone);
  open();
  await running.drain();
  expect(calls).toBeGreaterThan(1);
  expect(versionsOf(await listEffects(probe, tenant, name), 'a')).toEqual([1]);
});
