import { Kafka as CloudEventsKafka, type CloudEvent } from 'cloudevents';
import { Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodeEvent, eventTypes, getEventType, mayEmit, newId, type EventType } from '@idp/contracts';
import { runInContext } from '@idp/telemetry';
import { testKafka } from '@idp/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKafkaTransport, publish, type OutgoingRecord } from '../../src/index.ts';
import { kafkaSettingsOf, makeTopic, quietTelemetry } from '../kafka/brokers.ts';

const { brokers } = await testKafka();

const types = Object.keys(eventTypes) as EventType[];
const topic = `idp.contract.${randomBytes(6).toString('hex')}.v1`;
const tenantId = newId();
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** By type, as a reader that knows nothing of us finds them on the broker. */
const lying = new Map<string, KafkaMessage>();
const published = new Map<string, OutgoingRecord>();

beforeAll(async () => {
  const settings = kafkaSettingsOf(brokers);
  await makeTopic(settings, topic);
  for (const type of types) published.set(type, await outgoing(type));
  const transport = createKafkaTransport({ settings, service: 'contract', ...quietTelemetry() });
  const outcomes = await transport.publish([...published.values()], new AbortController().signal);
  if (outcomes.get(topic)?.status !== 'ok') throw new Error(`${topic}: ${JSON.stringify(outcomes.get(topic))}`);
  await transport.close();
  await readAll(types.length);
}, 60_000);

/** What `publish` leaves in the outbox for an event of this type, bound for the topic of this test. */
async function outgoing(type: EventType): Promise<OutgoingRecord> {
  const definition = getEventType(type);
  const service = ['auth', 'catalog', 'ledger'].find((name) => mayEmit(definition, name))!;
  let record: OutgoingRecord | undefined;
  const tx = {
    service,
    tenantId,
    readOnly: false,
    beforeCommit: (_: string, row: Record<string, unknown>) => {
      const { key, headers, payload } = row as { key: string; headers: string; payload: Buffer };
      record = { topic, key, headers: JSON.parse(headers) as Record<string, string>, value: payload };
    },
  };
  const golden = new URL(`../../../../proto/golden/${type}/1.binpb`, import.meta.url);
  // A message that was never released has no bytes yet.
  const data = decodeEvent(type, await readFile(golden).catch(() => new Uint8Array()));
  const context = { requestId: newId(), traceId: '', spanId: '', traceparent, tracestate: 'a=1', actor: 'user:ü' };
  runInContext(context, () => publish(tx, { type, aggregateId: 'a b/ü', version: 7, data: data as never }));
  return record!;
}

async function readAll(count: number): Promise<void> {
  const client = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const consumer = client.consumer({ groupId: `${topic}.reader` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const { promise: complete, resolve } = Promise.withResolvers<void>();
  await consumer.run({
    eachMessage: async ({ message }) => {
      lying.set(String(message.headers?.['ce_type']), message);
      if (lying.size === count) resolve();
    },
  });
  await complete;
  await consumer.disconnect();
}

/** As the binding of the SDK wants it: text in key and headers. */
function toCloudEvent({ key, headers, value }: Pick<KafkaMessage, 'key' | 'value' | 'headers'>): CloudEvent<Buffer> {
  const texts = Object.fromEntries(Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)]));
  const message = { key: String(key), headers: texts, value, body: value };
  return CloudEventsKafka.toEvent(message) as CloudEvent<Buffer>;
}

describe.each(types)('%s as it lies on the broker', (type) => {
  it('is a valid CloudEvent', () => {
    const event = toCloudEvent(lying.get(type)!);
    expect(event.validate()).toBe(true);
    const { headers, key, value } = published.get(type)!;
    expect(event).toMatchObject({
      specversion: '1.0',
      id: headers['ce_id'],
      type,
      source: headers['ce_source'],
      subject: `${getEventType(type).aggregate}/a b/ü`,
      time: headers['ce_time'],
      datacontenttype: 'application/protobuf',
      dataschema: getEventType(type).dataSchema,
      partitionkey: key,
      tenantid: tenantId,
      actorid: 'user:ü',
      sequence: '00000000000000000007',
      sequencetype: 'Integer',
      traceparent,
      tracestate: 'a=1',
    });
    expect(lying.get(type)!.value).toEqual(Buffer.from(value!));
  });

  it('names extensions as the specification allows', () => {
    const names = Object.keys(lying.get(type)!.headers!).filter((name) => name.startsWith('ce_'));
    for (const name of names) expect(name).toMatch(/^ce_[a-z0-9]{1,20}$/);
  });
});

it('the SDK refuses a record that lost what makes it an event', () => {
  const message = lying.get(types[0]!)!;
  for (const lost of ['ce_id', 'ce_source', 'ce_type']) {
    const headers = { ...message.headers };
    delete headers[lost];
    expect(() => toCloudEvent({ ...message, headers }).validate(), lost).toThrow();
  }
});
