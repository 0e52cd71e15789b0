import kafkajs, { type Message } from 'kafkajs';
import { encodeEvent, newId } from '@idp/contracts';
import { fillOutbox, median, openStage, tenantsOf, timed, topic, type Carrier, type Stage } from '../events/stage.ts';
import type { Row } from '../row.ts';

const batch = 100;

/** The same records by kafkajs alone: key, headers as ours, a value of about 300 bytes; one request in flight. */
function rawMessages(): Message[] {
  return Array.from({ length: batch }, () => {
    const uid = newId();
    const key = `${newId()}:${uid}`;
    const headers = {
      'content-type': 'application/protobuf',
      ce_specversion: '1.0',
      ce_id: newId(),
      ce_type: 'idp.catalog.v1.EntityUpdated',
      ce_source: '/idp/catalog',
      ce_time: new Date().toISOString(),
      ce_subject: `entities/${uid}`,
      ce_partitionkey: key,
      ce_tenantid: newId(),
      ce_sequence: '1'.padStart(20, '0'),
      ce_sequencetype: 'Integer',
      ce_dataschema: 'buf:idp.catalog.v1.EntityUpdated#00000000',
    };
    const data = { tenantId: newId(), uid, name: 'x'.repeat(240), revision: 1n };
    return { key, headers, value: Buffer.from(encodeEvent('idp.catalog.v1.EntityUpdated', data)) };
  });
}

async function sendRaw(brokers: string[], count: number): Promise<{ seconds: number; cpuMicros: number }> {
  const { Kafka, Partitioners, logLevel } = kafkajs;
  const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  const batches = Array.from({ length: count / batch }, rawMessages);
  const used = await timed(async () => {
    for (const messages of batches) await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] });
  });
  await producer.disconnect();
  return used;
}

async function sendOurs(
  stage: Stage,
  carrier: Carrier,
  count: number,
): Promise<{ seconds: number; cpuMicros: number }> {
  await fillOutbox(stage.producer, count, tenantsOf(10));
  const began = performance.now();
  const cpu = process.cpuUsage();
  const running = await stage.run(carrier, stage.producer, []);
  await running.runtime.drain({ timeoutMs: 120_000 });
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  await running[Symbol.asyncDispose]();
  return { seconds, cpuMicros: used.user + used.system };
}

/** What the way over the outbox costs against a client that sends the same records from memory. */
export const outboxToBroker: Row = {
  name: 'outbox-to-broker',
  suite: 'events',
  async run({ rounds }) {
    await using stage = await openStage();
    const count = rounds > 3 ? 20_000 : 10_000;
    const rates: Record<'raw' | Carrier, number[]> = { raw: [], kafka: [], postgres: [] };
    const cpu: Record<'raw' | Carrier, number[]> = { raw: [], kafka: [], postgres: [] };
    for (let round = 0; round <= rounds; round += 1) {
      for (const subject of ['raw', 'kafka', 'postgres'] as const) {
        const used = subject === 'raw' ? await sendRaw(stage.brokers, count) : await sendOurs(stage, subject, count);
        if (round === 0) continue;
        rates[subject].push(count / used.seconds);
        cpu[subject].push(used.cpuMicros / count);
      }
    }
    const rate = (subject: 'raw' | Carrier): number => median(rates[subject]);
    const show = (subject: 'raw' | Carrier): string =>
      `${Math.round(rate(subject))} events/s, ${median(cpu[subject]).toFixed(1)} µs CPU per event`;
    return {
      name: 'outbox-to-broker',
      title: 'Events from the outbox to their transport',
      figures: [],
      claims: [
        {
          text: 'outbox → relay → Kafka against raw kafkajs `sendBatch` of the same records, 100 a request',
          ratio: rate('kafka') / rate('raw'),
          limit: 0.5,
          bound: 'at-least',
        },
        {
          text: 'outbox → relay → PostgreSQL bus, as part of 15,000 events/s',
          ratio: rate('postgres') / 15_000,
          limit: 1,
          bound: 'at-least',
        },
      ],
      notes: [`raw kafkajs: ${show('raw')}`, `to Kafka: ${show('kafka')}`, `to the bus: ${show('postgres')}`],
    };
  },
};
