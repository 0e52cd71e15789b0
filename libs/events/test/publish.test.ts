import { newId, UnknownEventTypeError, type EventType } from '@idp/contracts';
import { runInContext } from '@idp/telemetry';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  EventTooLargeError,
  ForeignTopicError,
  HeaderError,
  publish,
  publishTombstone,
  ReadOnlyTransactionError,
  VersionError,
  type PublishInput,
} from '../src/index.ts';
import { connect } from './bench-database.ts';
import { change, newTenant, openProbe, type Probe } from './probe.ts';
import { countRows, entityTopic } from './records.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

const good: PublishInput<'idp.catalog.v1.EntityUpdated'> = {
  type: 'idp.catalog.v1.EntityUpdated',
  aggregateId: 'a',
  version: 1,
  data: {},
};
const inTenant = (tenant = newTenant()) => probe.producer.database.tenant(tenant);
const write = (event: PublishInput, tenant?: string) =>
  inTenant(tenant).write(
    async (tx) => {
      await change(tx, 'beside');
      return publish(tx, event);
    },
    { unaudited: 'test' },
  );

interface OutboxRow {
  tenant_id: string;
  event_id: string;
  topic: string;
  key: string;
  shard: number;
  headers: Record<string, string>;
}

async function listOutbox(): Promise<OutboxRow[]> {
  await using admin = await connect(probe.address.adminUrl);
  const { rows } = await admin.query<OutboxRow>('select *, headers::json as headers from catalog.outbox order by seq');
  return rows;
}

it('writes the envelope of CloudEvents 1.0 with the context of the operation', async () => {
  const tenant = newTenant();
  const context = {
    requestId: newId(),
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tracestate: 'vendor=1',
    actor: `user:${newId()}`,
  };
  const id = await runInContext(context, () => write({ ...good, version: 42, subject: 'entities/a' }, tenant));
  const row = (await listOutbox()).find((each) => each.event_id === id)!;
  expect(row).toMatchObject({ tenant_id: tenant, topic: entityTopic, key: `${tenant}:a` });
  expect(row.headers).toEqual({
    'content-type': 'application/protobuf',
    ce_specversion: '1.0',
    ce_id: id,
    ce_type: 'idp.catalog.v1.EntityUpdated',
    ce_source: '/idp/catalog',
    ce_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    ce_subject: 'entities/a',
    ce_partitionkey: `${tenant}:a`,
    ce_tenantid: tenant,
    ce_actorid: context.actor,
    ce_sequence: '00000000000000000042',
    ce_sequencetype: 'Integer',
    ce_causationid: context.requestId,
    ce_correlationid: context.requestId,
    ce_traceparent: context.traceparent,
    ce_tracestate: 'vendor=1',
    traceparent: context.traceparent,
    tracestate: 'vendor=1',
    ce_dataschema: expect.stringMatching(/^buf:idp\.catalog\.v1\.EntityUpdated#[0-9a-f]{8}$/) as string,
  });
});

it.each<[string, PublishInput, new (...input: never[]) => Error]>([
  ['a message above 256 KiB', { ...good, data: { document: 'x'.repeat(256 * 1024) } }, EventTooLargeError],
  ['an unknown type', { ...good, type: 'idp.catalog.v1.Nothing' as EventType }, UnknownEventTypeError],
  [
    "another service's type",
    { type: 'idp.auth.v1.TenantCreated', aggregateId: 'a', version: 1, data: {} },
    ForeignTopicError,
  ],
  ['version 0', { ...good, version: 0 }, VersionError],
  ['version 1.5', { ...good, version: 1.5 }, VersionError],
  ['no version where state is carried', { type: good.type, aggregateId: 'a', data: {} }, VersionError],
  ['a line break in a header', { ...good, subject: 'a\r\nce_tenantid: b' }, HeaderError],
  ['half a character in a header', { ...good, subject: 'a\ud800' }, HeaderError],
  ['a key that fits no header', { ...good, aggregateId: 'x'.repeat(3000) }, HeaderError],
])('refuses %s, and nothing of the transaction remains', async (_, event, error) => {
  await expect(write(event)).rejects.toBeInstanceOf(error);
  expect(await countRows(probe.address, 'catalog.outbox')).toBe(0);
  expect(await countRows(probe.address, 'catalog.aggregates')).toBe(0);
});

it('refuses the same version twice in one transaction, and takes the next one', async () => {
  const twice = inTenant().write(
    async (tx) => {
      publish(tx, good);
      publish(tx, { ...good, version: 2 });
      publish(tx, good);
    },
    { unaudited: 'test' },
  );
  await expect(twice).rejects.toBeInstanceOf(VersionError);
});

it('refuses a read-only transaction', async () => {
  await expect(inTenant().read(async (tx) => publish(tx, good))).rejects.toBeInstanceOf(ReadOnlyTransactionError);
});

it('refuses tombstones for topics that keep every record', async () => {
  const tombstone = inTenant().write(async (tx) => publishTombstone(tx, entityTopic, 'a'), { unaudited: 'test' });
  await expect(tombstone).rejects.toBeInstanceOf(ForeignTopicError);
});

it('puts the tenant of the transaction into payload and envelope, whatever the caller wrote', async () => {
  const tenant = newTenant();
  await write({ ...good, data: { tenantId: newTenant() } }, tenant);
  const rows = await listOutbox();
  expect(new Set(rows.map((row) => row.headers['ce_tenantid']))).toEqual(new Set([tenant]));
});
