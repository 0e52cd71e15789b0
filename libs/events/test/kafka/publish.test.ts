import { newId } from '@idp/contracts';
import { testKafka } from '@idp/testing';
import kafkajs from 'kafkajs';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createKafkaTransport, partitionOf, type EventTransport, type OutgoingRecord } from '../../src/index.ts';
import { entityRecord } from '../records.ts';
import { kafkaSettingsOf, makeTopic, quietTelemetry } from './brokers.ts';

const { brokers } = await testKafka();
const live = new AbortController().signal;
const tenantId = '01900000-0000-7000-8000-000000000001';
const open: EventTransport[] = [];
afterAll(async () => {
  await Promise.all(open.map((transport) => transport.close()));
});

function connect(more: Partial<ReturnType<typeof kafkaSettingsOf>> = {}): EventTransport {
  const settings = { ...kafkaSettingsOf(brokers), ...more };
  const transport = createKafkaTransport({ settings, service: 'publishing', ...quietTelemetry() });
  open.push(transport);
  return transport;
}

async function freshTopic(): Promise<string> {
  const topic = `idp.publish.t${newId()}.v1`;
  await makeTopic(kafkaSettingsOf(brokers), topic);
  return topic;
}

const records = (topic: string, count: number, bytes = 10): OutgoingRecord[] =>
  Array.from({ length: count }, (_, at) => ({
    ...entityRecord({ tenantId, aggregateId: `a${at}`, version: 1 }),
    topic,
    value: Buffer.alloc(bytes, 1),
  }));

it('refuses what is too large, so that the relay can halve it, and takes the halves', async () => {
  const transport = connect();
  const topic = await freshTopic();
  const [huge] = records(topic, 1, 2 * 1024 * 1024);
  expect((await transport.publish([huge!], live)).get(topic)).toMatchObject({ status: 'refused' });
  const many = records(topic, 8, 300 * 1024).map((record) => ({ ...record, key: `${tenantId}:same` }));
  expect((await transport.publish(many, live)).get(topic)).toMatchObject({ status: 'refused' });
  for (const half of [many.slice(0, 2), many.slice(2, 4)]) {
    expect((await transport.publish(half, live)).get(topic)).toEqual({ status: 'ok' });
  }
});

it('a topic that is missing is no reason to send another one twice', async () => {
  const transport = connect();
  const topic = await freshTopic();
  const nowhere = `idp.publish.t${newId()}.v1`;
  for (let n = 1; n <= 3; n += 1) {
    const outcomes = await transport.publish([...records(nowhere, 1), ...records(topic, 1)], live);
    expect(outcomes.get(nowhere)).toMatchObject({ status: 'retry', away: false });
    expect(outcomes.get(topic)).toEqual({ status: 'ok' });
  }
});

it('brokers that are away say so, for the publisher and for the probe', async () => {
  const transport = connect({ brokers: ['127.0.0.1:1'] });
  const outcomes = await transport.publish(records('idp.publish.any.v1', 1), live);
  expect(outcomes.get('idp.publish.any.v1')).toMatchObject({ status: 'retry', away: true });
  await expect(transport.probe!()).rejects.toThrow();
  await expect(connect().probe!()).resolves.toBeUndefined();
});

it('gives up waiting when it is told to, and says that nothing is known', async () => {
  const topic = await freshTopic();
  const outcomes = await connect().publish(records(topic, 1), AbortSignal.abort());
  expect(outcomes.get(topic)).toMatchObject({ status: 'retry' });
});

it.each(['gzip', 'zstd', 'none'] as const)('what is compressed with %s is read back whole', async (compression) => {
  const topic = await freshTopic();
  const sent = records(topic, 20, 1_000);
  expect((await connect({ compression }).publish(sent, live)).get(topic)).toEqual({ status: 'ok' });
  const got: string[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  await connect().subscribe({
    mode: 'group',
    group: `idp.publish.${newId()}`,
    topics: [topic],
    from: 'start',
    async onChunk(chunk) {
      for (const { headers, value } of chunk.records) {
        expect(value).toHaveLength(1_000);
        got.push(headers['ce_id']!);
      }
      if (got.length === sent.length) resolve();
    },
  });
  await all;
  expect(got.toSorted()).toEqual(sent.map(({ headers }) => headers['ce_id']!).toSorted());
});

it('places keys where kafkajs and the Java client place them', () => {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({ partitionId, leader: 0 })) as never;
  for (let n = 0; n < 1_000; n += 1) {
    const key = `${newId()}:${'ü'.repeat(n % 5)}${n}`;
    const theirs = choose({ topic: 't', partitionMetadata, message: { key: Buffer.from(key), value: null } });
    expect(partitionOf(key, 12)).toBe(theirs);
  }
});

const kcat = (...args: string[]) => promisify(execFile)('kcat', ['-q', '-b', brokers, ...args]);
const missing = await kcat('-V').then(
  () => '',
  (error: Error) => error.message,
);
if (missing !== '') process.stderr.write(`SKIPPED kcat: 2 cases: ${missing}\n`);

describe.skipIf(missing !== '')('a foreign client (kcat, librdkafka)', () => {
  interface Read {
    key: string;
    partition: number;
    headers: string[];
    payload: string | null;
  }

  it('reads key, headers, partition and value as they were written', async () => {
    const topic = await freshTopic();
    const sent = records(topic, 30).map((record, at) => ({
      ...record,
      value: at === 0 ? null : Buffer.from(`value ${at}`),
    }));
    await connect({ compression: 'zstd' }).publish(sent, live);
    const { stdout } = await kcat('-C', '-t', topic, '-e', '-J');
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Read);
    expect(found).toHaveLength(30);
    for (const record of sent) {
      const read = found.find(({ key }) => key === record.key)!;
      expect(read.partition).toBe(partitionOf(record.key, 12));
      expect(read.payload).toBe(record.value === null ? null : record.value.toString());
      const pairs = Object.fromEntries(
        Array.from({ length: read.headers.length / 2 }, (_, at) => read.headers.slice(2 * at, 2 * at + 2)),
      );
      expect(pairs).toEqual(record.headers);
    }
  });

  it('places keys in the same partitions by its own murmur2', async () => {
    const topic = await freshTopic();
    const keys = Array.from({ length: 50 }, () => `${tenantId}:${newId()}`);
    const producing = kcat('-P', '-t', topic, '-K', '|', '-X', 'topic.partitioner=murmur2');
    producing.child.stdin!.end(keys.map((key) => `${key}|x\n`).join(''));
    await producing;
    const { stdout } = await kcat('-C', '-t', topic, '-e', '-f', '%k|%p\n');
    const placed = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split('|')),
    ) as Record<string, string>;
    expect(placed).toEqual(Object.fromEntries(keys.map((key) => [key, String(partitionOf(key, 12))])));
  });
});
