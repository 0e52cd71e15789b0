import { newId } from '@idp/contracts';
import { testKafka } from '@idp/testing';
import { startKafka, type KafkaServer } from '@idp/tools';
import kafkajs, { type Admin } from 'kafkajs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKafkaTransport, type EventTransport, type OutgoingRecord, type StoredRecord } from '../../src/index.ts';
import { kafkaSettingsOf, makeTopic, quietTelemetry } from '../kafka/brokers.ts';
import { contractBrokers } from '../kafka/contract-brokers.ts';
import { transportContract } from '../transport-contract.ts';
import { until } from '../until.ts';

// Skips the file where no Kafka can be had.
await testKafka();

const live = new AbortController().signal;
const tenant = '01900000-0000-7000-8000-000000000001';
const keys = Array.from({ length: 48 }, (_, at) => `${tenant}:k${at}`);
const open: EventTransport[] = [];
let directory: string;
let kafka: KafkaServer;
let admin: Admin;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-three-brokers-'));
  kafka = await startKafka({ directory, brokers: 3, version: process.env['TEST_KAFKA_VERSION'] });
  admin = client().admin();
  await admin.connect();
});

afterAll(async () => {
  await Promise.all(open.map((transport) => transport.close()));
  await admin.disconnect();
  await kafka.stop();
  await rm(directory, { recursive: true, force: true });
});

transportContract('Kafka of three brokers', () => contractBrokers(kafka.bootstrapServers.join()));

const settings = () => kafkaSettingsOf(kafka.bootstrapServers.join());
const client = () => new kafkajs.Kafka({ brokers: kafka.bootstrapServers, logLevel: kafkajs.logLevel.NOTHING });

function connect(): EventTransport {
  const transport = createKafkaTransport({ settings: settings(), service: 'contract', ...quietTelemetry() });
  open.push(transport);
  return transport;
}

/** The next record of every key. */
function round(topic: string, n: number): OutgoingRecord[] {
  const headers = () => ({ ce_id: newId(), ce_sequence: String(n) });
  return keys.map((key) => ({ topic, key, headers: headers(), value: Buffer.from(String(n)) }));
}

/** Sends what was not acknowledged again, in the same order, as the relay does. */
async function sendUntilTaken(transport: EventTransport, records: readonly OutgoingRecord[]): Promise<void> {
  const { topic } = records[0]!;
  while ((await transport.publish(records, live)).get(topic)?.status !== 'ok') {
    await transport.probe?.().catch(() => undefined);
  }
}

/** Everything that lies in a topic, by key in the order of the log, as a client of its own sees it. */
async function audit(topic: string): Promise<Map<string, number[]>> {
  const ends = await admin.fetchTopicOffsets(topic);
  const places = new Map(ends.map(({ partition, high }) => [partition, Number(high)]));
  const found: StoredRecord[] = [];
  const subscription = await connect().subscribe({
    mode: 'group',
    group: `idp.contract.${newId()}`,
    topics: [topic],
    from: 'start',
    onChunk: async ({ part, records }) => {
      found.push(...records);
      if (records.at(-1)!.offset + 1 >= places.get(part)!) places.delete(part);
    },
  });
  for (const [part, high] of places) if (high === 0) places.delete(part);
  await until(() => places.size === 0, 'the end of the log', 60_000);
  await subscription.close(1_000);
  const versions = Map.groupBy(found, (record) => record.key!);
  return new Map(
    [...versions].map(([key, records]) => [key, records.map(({ headers }) => Number(headers['ce_sequence']))]),
  );
}

const firsts = (versions: readonly number[]): number[] => [...new Set(versions)];

/** Kills a broker that leads some partitions, and starts it again. */
async function killLeader(topic: string): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const leaders = topics[0]!.partitions.map(({ leader }) => leader);
  await kill(leaders[0]!);
}

async function kill(nodeId: number): Promise<void> {
  const broker = kafka.brokers[nodeId - 1]!;
  await broker.kill();
  await broker.start();
}

it('loses nothing it acknowledged, and keeps the order of first occurrences, when leaders are killed under load', async () => {
  const topic = `idp.contract.leaders-${newId()}.v1`;
  await makeTopic(settings(), topic);
  const transport = connect();
  let killing = true;
  const kills = (async () => {
    for (let n = 0; n < 2; n += 1) await killLeader(topic);
    killing = false;
  })();
  let last = 0;
  while (killing || last < 50) await sendUntilTaken(transport, round(topic, (last += 1)));
  await kills;
  const log = await audit(topic);
  const all = Array.from({ length: last }, (_, at) => at + 1);
  for (const key of keys) expect(firsts(log.get(key) ?? []), key).toEqual(all);
}, 180_000);

it('kafkajs as patched loses nothing it acknowledged when it tries again by itself', async () => {
  const topic = `idp.contract.retries-${newId()}.v1`;
  await makeTopic(settings(), topic);
  const producer = client().producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  let killing = true;
  const kills = (async () => {
    await killLeader(topic);
    killing = false;
  })();
  const acknowledged: number[] = [];
  for (let n = 1; killing || n < 50; n += 1) {
    const messages = round(topic, n).map(({ key, headers, value }) => ({ key, headers, value: value as Buffer }));
    const taken = await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] }).then(
      () => true,
      () => false,
    );
    if (taken) acknowledged.push(n);
  }
  await kills;
  await producer.disconnect();
  const log = await audit(topic);
  for (const key of keys)
    expect(new Set(log.get(key)), key).toEqual(new Set([...acknowledged, ...(log.get(key) ?? [])]));
}, 180_000);

/** Hash of java.lang.String, by which a group finds its coordinator. */
function javaHash(text: string): number {
  let hash = 0;
  for (const unit of text) hash = (Math.imul(31, hash) + unit.charCodeAt(0)) | 0;
  return hash & 0x7fffffff;
}

async function coordinatorOf(group: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: ['__consumer_offsets'] });
  const { partitions } = topics[0]!;
  return partitions.find(({ partitionId }) => partitionId === javaHash(group) % partitions.length)!.leader;
}

it('a group goes on after its coordinator was killed: every record handled, none lost', async () => {
  const topic = `idp.contract.coordinator-${newId()}.v1`;
  const group = `idp.contract.${newId()}`;
  await makeTopic(settings(), topic);
  const handled = new Map<string, number>();
  const member = () =>
    connect().subscribe({
      mode: 'group',
      group,
      topics: [topic],
      from: 'start',
      onChunk: async ({ records }) => {
        for (const { headers } of records) handled.set(headers['ce_id']!, (handled.get(headers['ce_id']!) ?? 0) + 1);
      },
    });
  const members = [await member(), await member()];
  const transport = connect();
  const sent = new Set<string>();
  const sendRound = async (n: number): Promise<void> => {
    const records = round(topic, n);
    await sendUntilTaken(transport, records);
    for (const { headers } of records) sent.add(headers['ce_id']!);
  };
  for (let n = 1; n <= 20; n += 1) await sendRound(n);
  await until(() => handled.size >= sent.size / 2, 'half of the records');
  const killing = kill(await coordinatorOf(group));
  for (let n = 21; n <= 60; n += 1) await sendRound(n);
  await killing;
  await until(() => [...sent].every((id) => handled.has(id)), 'every record handled', 90_000);
  expect(handled.size).toBe(sent.size);
  await Promise.all(members.map((subscription) => subscription.close(1_000)));
}, 180_000);
