import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '@idp/contracts';
import { purgeBus, purgeDeadLetters, purgeInbox } from '../src/index.ts';
import { connect } from './bench-database.ts';
import { openProbe, type Probe } from './probe.ts';
import { countRows, entityRecord, inject } from './records.ts';

const name = 'reader.probe';
const { signal } = new AbortController();
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe(name);
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

async function run(text: string, values: unknown[] = []): Promise<void> {
  await using client = await connect(probe.address.adminUrl);
  await client.query(text, values);
}

it('forgets in chunks which events were dealt with, and keeps those that wait, are dead, young or of another consumer', async () => {
  const tenant = newId();
  await run(
    `insert into reader.inbox (tenant_id, consumer, event_id, outcome, processed_at)
     select $1, $2, gen_random_uuid(), 'applied', now() - interval '200 hours' from generate_series(1, 12345)`,
    [tenant, name],
  );
  await run(
    `insert into reader.inbox (tenant_id, consumer, event_id, outcome, processed_at)
     select $1, c, gen_random_uuid(), o, now() - age from (values
       ('${name}', 'parked', interval '200 hours'), ('${name}', 'dead', interval '200 hours'),
       ('${name}', 'applied', interval '191 hours'), ('reader.other', 'applied', interval '200 hours')) v (c, o, age)`,
    [tenant],
  );
  expect(await purgeInbox(probe.reader.database, { consumer: name, olderThanHours: 192 }, { signal })).toBe(12_345);
  expect(await countRows(probe.address, 'reader.inbox')).toBe(4);
});

it('deletes dead letters that were closed long ago, and no open one', async () => {
  await run(
    `insert into reader.dead_letters (tenant_id, id, consumer, topic, part, "offset", key, event_id, headers, payload_bytes, error_code,
       message, fingerprint, attempts, first_at, status, closed_at)
     select gen_random_uuid(), gen_random_uuid(), $1, 't', 0, 0, 'k', gen_random_uuid(), '{}', 0, 'X', '', '', 1, now() - interval '90 days',
       status, closed from (values ('open', null), ('redriven', now() - interval '31 days'), ('discarded', now() - interval '31 days'),
       ('redriven', now() - interval '29 days')) v (status, closed)`,
    [name],
  );
  expect(await purgeDeadLetters(probe.reader.database, { closedForDays: 30 }, { signal })).toBe(2);
  expect(await countRows(probe.address, 'reader.dead_letters', `status = 'open'`)).toBe(1);
});

it('deletes expired records of the own topics from the bus', async () => {
  const tenantId = newId();
  await inject(probe, [
    entityRecord({ tenantId, aggregateId: 'old', version: 1 }),
    entityRecord({ tenantId, aggregateId: 'new', version: 1 }),
  ]);
  await run(`update bus.records set created_at = now() - interval '169 hours' where key like '%:old'`);
  expect(await purgeBus(probe.reader.database, { signal })).toBe(0);
  expect(await purgeBus(probe.producer.database, { signal })).toBe(1);
  expect(await countRows(probe.address, 'bus.records')).toBe(1);
});

it('stops between two chunks when it is told to', async () => {
  await expect(
    purgeInbox(probe.reader.database, { consumer: name, olderThanHours: 1 }, { signal: AbortSignal.abort() }),
  ).rejects.toThrow(/abort/i);
});
