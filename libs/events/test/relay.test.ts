import { newId } from '@idp/contracts';
import { sql } from 'kysely';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { publish, type EventTransport, type OutgoingRecord, type PublishOutcome } from '../src/index.ts';
import { connect, producer } from './bench-database.ts';
import { openRelay } from './open-relay.ts';
import { changeOne, newTenant, openProbe, until, type Probe } from './probe.ts';
import { countRows, entityTopic } from './records.ts';
import { dyingRelays } from './suites/dying-relays.ts';

dyingRelays('the PostgreSQL bus', () => openProbe('reader.probe'));

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

type Answer = (topic: string, records: readonly OutgoingRecord[]) => PublishOutcome;

/** A transport that remembers what it took. */
function recordingTransport(answer: Answer = () => ({ status: 'ok' })) {
  const taken: OutgoingRecord[] = [];
  const publish = async (records: readonly OutgoingRecord[]): Promise<ReadonlyMap<string, PublishOutcome>> => {
    const outcomes = new Map<string, PublishOutcome>();
    for (const [topic, group] of Map.groupBy(records, (record) => record.topic)) {
      const outcome = answer(topic, group);
      if (outcome.status === 'ok') taken.push(...group);
      outcomes.set(topic, outcome);
    }
    return outcomes;
  };
  return { taken, transport: { publish } as unknown as EventTransport };
}

const pending = () => countRows(probe.address, `${producer}.outbox`);
const versionOf = ({ headers }: OutgoingRecord): number => Number(headers['ce_sequence']);

const writers = 8;
const rounds = 25;

it('the control: a reader that remembers the last sequence loses what commits late', async () => {
  await using client = await connect(probe.address.adminUrl);
  const seen = new Set<string>();
  let last = 0;
  let writing = true;
  const watermark = async (): Promise<void> => {
    do {
      const { rows } = await client.query<{ seq: string; event_id: string }>(
        `select seq, event_id from ${producer}.outbox where seq > $1 order by seq`,
        [last],
      );
      for (const row of rows) {
        seen.add(row.event_id);
        last = Number(row.seq);
      }
    } while (writing);
  };
  const reading = watermark();
  const tenant = newTenant();
  // Events that leave with COMMIT take their sequence so late that hardly anything can pass them. Early ones show the fault.
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      await probe.producer.database.tenant(tenant).write(
        async (tx) => {
          await sql`insert into outbox (shard, event_id, topic, key, headers)
            values (0, ${newId()}, ${entityTopic}, ${`${tenant}:${writer}`}, '{}')`.execute(tx.db);
          await sql`select pg_sleep(${Math.random() * 0.01})`.execute(tx.db);
        },
        { unaudited: 'test' },
      );
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  await sleep(0);
  writing = false;
  await reading;
  expect(await pending()).toBe(writers * rounds);
  expect(seen.size).toBeLessThan(writers * rounds);

  // The relay takes the same rows without loss.
  const { taken, transport } = recordingTransport();
  const relay = openRelay({ service: probe.producer, transport });
  await until(async () => (await pending()) === 0);
  await relay.stop(5_000);
  expect(taken.length).toBe(writers * rounds);
});

it('a topic that fails waits, loses nothing, and holds back no other', async () => {
  let away = true;
  const { taken, transport } = recordingTransport((topic) =>
    away && topic === entityTopic ? { status: 'retry', reason: 'unknown topic' } : { status: 'ok' },
  );
  const relay = openRelay({ service: probe.producer, transport });
  const tenant = newTenant();
  for (let version = 1; version <= 3; version += 1) await changeOne(probe, tenant, 'a');
  await probe.producer.database.tenant(tenant).write(
    async (tx) => {
      publish(tx, { type: 'idp.catalog.v1.LocationRemoved', aggregateId: 'l', version: 1, data: { locationId: 'l' } });
    },
    { unaudited: 'test' },
  );
  relay.kick();
  await until(() => taken.length === 1);
  expect(await pending()).toBe(3);
  away = false;
  await until(async () => (await pending()) === 0);
  await relay.stop(5_000);
  expect(taken.slice(1).map(versionOf)).toEqual([1, 2, 3]);
});

it('of a request that is refused, halves find the one record at fault', async () => {
  const { taken, transport } = recordingTransport((_, records) =>
    records.some((record) => versionOf(record) === 5) ? { status: 'refused', reason: 'too large' } : { status: 'ok' },
  );
  const tenant = newTenant();
  for (let version = 1; version <= 8; version += 1) await changeOne(probe, tenant, 'a');
  const relay = openRelay({ service: probe.producer, transport });
  await until(async () => (await pending()) === 0);
  await relay.stop(5_000);
  expect(taken.map(versionOf)).toEqual([1, 2, 3, 4, 6, 7, 8]);
  expect(await countRows(probe.address, `${producer}.outbox_refused`, `reason = 'too large'`)).toBe(1);
});

it('the sequence of the outbox has no cache: a cached one would break the order of keys', async () => {
  await using client = await connect(probe.address.adminUrl);
  const { rows } = await client.query(
    `select seqcache::int from pg_sequence where seqrelid = pg_get_serial_sequence('${producer}.outbox', 'seq')::regclass`,
  );
  expect(rows).toEqual([{ seqcache: 1 }]);
});

it('while the transport does not answer nothing is held, one probe at a time asks for it, and everything drains on its return', async () => {
  let away = true;
  let probes = 0;
  const asking = { now: 0, most: 0 };
  const { taken, transport } = recordingTransport(() =>
    away ? { status: 'retry', reason: 'nobody listens', away: true } : { status: 'ok' },
  );
  const probing: EventTransport = {
    ...transport,
    async probe() {
      probes += 1;
      asking.now += 1;
      asking.most = Math.max(asking.most, asking.now);
      await sleep(5);
      asking.now -= 1;
      if (probes < 5) throw new Error('still away');
      away = false;
    },
  };
  const tenant = newTenant();
  for (const id of ['a', 'b', 'c', 'd']) await changeOne(probe, tenant, id);
  const relay = openRelay({ service: probe.producer, transport: probing });
  await until(async () => (await pending()) === 0);
  await relay.stop(5_000);
  expect(taken).toHaveLength(4);
  expect(probes).toBeGreaterThanOrEqual(5);
  expect(asking.most).toBe(1);
});
