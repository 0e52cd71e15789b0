import kafkajs from 'kafkajs';
import { encodeEvent, newId } from '@idp/contracts';
import type { ConsumerDefinition, OutgoingRecord } from '@idp/events';
import { oneByOne, together } from '../events/consumers.ts';
import { median, openStage, tenantsOf, timed, topic, type Carrier, type Stage } from '../events/stage.ts';
import type { Row } from '../row.ts';

interface Subject {
  name: string;
  consumer: ConsumerDefinition;
  carrier: Carrier;
  tenants: number;
}

const subjects: Subject[] = [
  { name: 'handle, Kafka', consumer: oneByOne, carrier: 'kafka', tenants: 1 },
  { name: 'handleMany, Kafka', consumer: together, carrier: 'kafka', tenants: 1 },
  { name: 'handle, 100 tenants mixed, Kafka', consumer: oneByOne, carrier: 'kafka', tenants: 100 },
  { name: 'handle, PostgreSQL bus', consumer: oneByOne, carrier: 'postgres', tenants: 1 },
];

function recordsOf(count: number, tenants: readonly string[]): OutgoingRecord[] {
  return Array.from({ length: count }, (_, at) => {
    const tenantId = tenants[at % tenants.length]!;
    const uid = newId();
    const key = `${tenantId}:${uid}`;
    const headers = {
      'content-type': 'application/protobuf',
      ce_specversion: '1.0',
      ce_id: newId(),
      ce_type: 'idp.catalog.v1.EntityUpdated',
      ce_source: '/idp/catalog',
      ce_time: new Date().toISOString(),
      ce_partitionkey: key,
      ce_tenantid: tenantId,
      ce_sequence: '1'.padStart(20, '0'),
    };
    const data = { tenantId, uid, name: 'x'.repeat(240), revision: 1n };
    return { topic, key, headers, value: encodeEvent('idp.catalog.v1.EntityUpdated', data) };
  });
}

/** Puts records into the topic, then measures from the first chunk until there is nothing before the consumer. */
async function consumeOurs(stage: Stage, subject: Subject, count: number): Promise<number> {
  const sending = await stage.run(subject.carrier, stage.producer, []);
  const records = recordsOf(count, tenantsOf(subject.tenants));
  const live = new AbortController().signal;
  for (let at = 0; at < count; at += 500) await sending.transport.publish(records.slice(at, at + 500), live);
  await sending[Symbol.asyncDispose]();
  let began = 0;
  const onBegin = (): void => void (began ||= performance.now());
  const running = await stage.run(subject.carrier, stage.reader, [subject.consumer], { onBegin });
  await running.runtime.drain({ timeoutMs: 120_000 });
  const seconds = (performance.now() - began) / 1000;
  await running[Symbol.asyncDispose]();
  return count / seconds;
}

/** kafkajs alone over the same log, with an empty handler. */
async function consumeRaw(brokers: string[], count: number): Promise<number> {
  const { Kafka, logLevel } = kafkajs;
  const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({ groupId: `bench-${newId()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  const used = await timed(async () => {
    await consumer.run({
      partitionsConsumedConcurrently: 4,
      async eachBatch({ batch }) {
        seen += batch.messages.length;
        if (seen >= count) resolve();
      },
    });
    await promise;
  });
  await consumer.disconnect();
  return count / used.seconds;
}

/** From the log to committed effects: inbox, handler and offset. */
export const consumeEvents: Row = {
  name: 'consume-events',
  suite: 'events',
  async run({ rounds }) {
    await using stage = await openStage();
    const count = rounds > 3 ? 20_000 : 8_000;
    const rates = new Map(subjects.map(({ name }) => [name, [] as number[]]));
    const raw: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      for (const subject of subjects) {
        const rate = await consumeOurs(stage, subject, count);
        if (round > 0) rates.get(subject.name)!.push(rate);
      }
      const rate = await consumeRaw(stage.brokers, count);
      if (round > 0) raw.push(rate);
    }
    const rateOf = (name: string): number => median(rates.get(name)!);
    const claim = (name: string, least: number) => ({
      text: `${name}, as part of ${least.toLocaleString('en')} events/s`,
      ratio: rateOf(name) / least,
      limit: 1,
      bound: 'at-least' as const,
    });
    return {
      name: 'consume-events',
      title: 'Events from the transport to committed effects',
      figures: [],
      claims: [
        claim('handle, Kafka', 10_000),
        claim('handleMany, Kafka', 25_000),
        claim('handle, 100 tenants mixed, Kafka', 8_000),
      ],
      notes: [
        `raw kafkajs consumer with an empty handler: ${Math.round(median(raw))} events/s`,
        ...subjects.map(({ name }) => `${name}: ${Math.round(rateOf(name))} events/s`),
      ],
    };
  },
};
