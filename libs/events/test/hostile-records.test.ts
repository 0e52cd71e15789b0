import { encodeEvent, platformTenantId } from '@idp/contracts';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { defineConsumer, type ConsumerDefinition } from '../src/index.ts';
import { huge, undecodable, untrusted } from './bad-records.ts';
import { connect, type ProbeTables } from './bench-database.ts';
import { listEffects, newTenant, openProbe, recordEffect, run, versionsOf, type Probe } from './probe.ts';
import { countRows, entityRecord, inject, listDeadLetters, type RecordInput } from './records.ts';

const name = 'reader.probe';
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe(name, otherName);
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

const otherName = 'reader.other';
const [consumer, other] = [name, otherName].map((each) =>
  defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
    name: each,
    types: ['idp.catalog.v1.EntityUpdated'],
    ordering: 'key',
    handle: (tx, event) => recordEffect(tx, each, event),
  }),
) as [ConsumerDefinition, ConsumerDefinition];

/** Sends one bad record between two good ones of the same key. */
async function sendBetween(
  bad: Partial<RecordInput> & { headers?: Record<string, string | undefined> },
): Promise<string> {
  const tenantId = newTenant();
  const good = (version: number) => entityRecord({ tenantId, aggregateId: 'good', version });
  await inject(probe, [good(1), entityRecord({ tenantId, aggregateId: 'bad', version: 1, ...bad }), good(2)]);
  return tenantId;
}

it.each(untrusted)(
  'a record with %s becomes a dead letter of the platform tenant and touches nothing',
  async (_, code, bad) => {
    await using running = await run(probe, { consumers: [consumer] });
    const tenant = await sendBetween(bad);
    await running.drain();
    expect(versionsOf(await listEffects(probe, tenant, name), 'good')).toEqual([1, 2]);
    expect(await countRows(probe.address, 'reader.effects', `aggregate_id = 'bad'`)).toBe(0);
    expect(await listDeadLetters(probe.address)).toMatchObject([{ tenant_id: platformTenantId, error_code: code }]);
  },
);

it.each(undecodable)(
  'a record with %s becomes a dead letter of its tenant with the original bytes',
  async (_, value) => {
    await using running = await run(probe, { consumers: [consumer] });
    const tenant = await sendBetween({ value });
    await running.drain();
    expect(versionsOf(await listEffects(probe, tenant, name), 'good')).toEqual([1, 2]);
    const letters = await listDeadLetters(probe.address);
    expect(letters).toMatchObject([{ tenant_id: tenant, error_code: 'DECODE_FAILED', attempts: 1 }]);
    expect(Uint8Array.from(letters[0]!.payload!)).toEqual(value);
  },
);

it('a value of 10 MB becomes a dead letter that keeps its head, length and digest', async () => {
  await using running = await run(probe, { consumers: [consumer] });
  const tenant = await sendBetween({ value: huge });
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'good')).toEqual([1, 2]);
  const letters = await listDeadLetters(probe.address);
  const digest = createHash('sha256').update(huge).digest();
  expect(letters).toMatchObject([{ error_code: 'DECODE_FAILED', payload_bytes: huge.length, payload_sha256: digest }]);
  expect(letters[0]!.payload!.length).toBe(64 * 1024);
});

it('a record without an id of its own has a dead letter with each consumer of a service', async () => {
  await using running = await run(probe, { consumers: [consumer, other] });
  await sendBetween({ headers: { ce_id: undefined } });
  await running.drain();
  const letters = await listDeadLetters(probe.address);
  expect(letters.map((letter) => letter['consumer']).toSorted()).toEqual([otherName, name]);
});

it('a record without an id of its own that comes again makes no second dead letter', async () => {
  const tenantId = newTenant();
  await inject(probe, [entityRecord({ tenantId, aggregateId: 'a', headers: { ce_id: undefined } })]);
  {
    await using running = await run(probe, { consumers: [consumer] });
    await running.drain();
  }
  await using admin = await connect(probe.address.adminUrl);
  await admin.query('update bus.group_offsets set "offset" = 0');
  await using running = await run(probe, { consumers: [consumer] });
  await running.drain();
  const letters = await listDeadLetters(probe.address);
  expect(letters).toHaveLength(1);
});

it('unlisted types are skipped, whatever their bytes', async () => {
  await using running = await run(probe, { consumers: [consumer] });
  const tenant = await sendBetween({ type: 'idp.catalog.v1.SomethingNew', value: new Uint8Array([0xff, 0xff]) });
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenant, name), 'good')).toEqual([1, 2]);
  expect(await listDeadLetters(probe.address)).toEqual([]);
});

it('an unknown field and an unknown enum value of a later release are read', async () => {
  await using running = await run(probe, { consumers: [consumer] });
  const tenantId = newTenant();
  const known = encodeEvent('idp.catalog.v1.EntityUpdated', { tenantId, uid: 'a' });
  const value = Uint8Array.from([...known, 0xfa, 0x3e, 0x02, 0x68, 0x69]);
  await inject(probe, [entityRecord({ tenantId, aggregateId: 'a', version: 1, value })]);
  await running.drain();
  expect(versionsOf(await listEffects(probe, tenantId, name), 'a')).toEqual([1]);
});
