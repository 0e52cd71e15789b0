import kafkajs, { type IHeaders, type Kafka } from 'kafkajs';
import pg from 'pg';
import { withAdmin } from './admin.ts';
import type { Stack } from './stack.ts';

/** A record as it lies on the transport, byte by byte. */
export interface RawRecord {
  part: number;
  key: Buffer | null;
  headers: IHeaders;
  value: Buffer | null;
}

/** Where a topic begins and ends at the moment: offsets of its partitions. */
interface Ends {
  part: number;
  low: number;
  high: number;
}

export function connectKafka(stack: Stack): Kafka {
  const { Kafka, logLevel } = kafkajs;
  const { bootstrapServers: brokers } = stack.kafka!;
  return new Kafka({ brokers, clientId: 'fault', logLevel: logLevel.NOTHING });
}

/** The first `countMax` records of each partition of a topic, as they are now. */
export async function readPrefix(stack: Stack, topic: string, countMax: number): Promise<RawRecord[]> {
  return stack.kafka === undefined
    ? readFromBus(stack, topic, countMax)
    : readFromKafka(connectKafka(stack), topic, countMax);
}

/** Appends records past the product: with any key, headers and bytes. `service` is the topic's owner. */
export async function append(
  stack: Stack,
  { topic, service }: { topic: string; service: string },
  records: readonly RawRecord[],
): Promise<void> {
  if (stack.kafka === undefined) return appendToBus(stack, { topic, service }, records);
  const producer = connectKafka(stack).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    for (const { part, ...message } of records) {
      await producer.send({ topic, acks: -1, messages: [{ ...message, partition: part }] });
    }
  } finally {
    await producer.disconnect();
  }
}

/** Takes away everything that lies on a topic. */
export async function emptyTopic(stack: Stack, topic: string): Promise<void> {
  if (stack.kafka === undefined) {
    return withAdmin(
      stack,
      async (client) => void (await client.query('delete from bus.records where topic = $1', [topic])),
    );
  }
  const { ConfigResourceTypes, ConfigSource } = kafkajs;
  const admin = connectKafka(stack).admin();
  await admin.connect();
  try {
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    const own = resources[0]!.configEntries
      .filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG)
      .map(({ configName, configValue }) => ({ name: configName, value: configValue }));
    const others = own.filter(({ name }) => name !== 'cleanup.policy');
    const configure = (configEntries: typeof own) =>
      admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
    // Of a topic that is compacted nothing can be deleted.
    await configure([...others, { name: 'cleanup.policy', value: 'delete' }]);
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await admin.deleteTopicRecords({ topic, partitions });
    await configure(own);
  } finally {
    await admin.disconnect();
  }
}

async function readFromKafka(kafka: Kafka, topic: string, countMax: number): Promise<RawRecord[]> {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic).finally(() => void admin.disconnect());
  const ends: Ends[] = offsets.map(({ partition, low, high }) => ({
    part: partition,
    low: Number(low),
    high: Math.min(Number(high), Number(low) + countMax),
  }));
  const missing = new Map(ends.filter(({ low, high }) => high > low).map(({ part, high }) => [part, high]));
  const found: RawRecord[] = [];
  if (missing.size === 0) return found;
  const groupId = `fault-${process.pid}-${performance.now()}`;
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    consumer
      .run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) => {
          const end = missing.get(partition);
          if (end === undefined) return;
          const { key, headers = {}, value, offset } = message;
          found.push({ part: partition, key, headers, value });
          if (Number(offset) + 1 >= end) missing.delete(partition);
          if (missing.size === 0) resolve();
        },
      })
      .catch(reject);
  }).finally(() => void consumer.disconnect());
  return found;
}

interface BusRow {
  part: number;
  key: string;
  headers: string;
  payload: Buffer | null;
}

async function readFromBus({ postgres }: Stack, topic: string, countMax: number): Promise<RawRecord[]> {
  const client = new pg.Client({ connectionString: postgres.adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<BusRow>(
      `select part, key, headers::text as headers, payload from (
         select *, row_number() over (partition by part order by "offset") as nth from bus.records where topic = $1
       ) r where nth <= $2 order by part, nth`,
      [topic, countMax],
    );
    return rows.map(({ part, key, headers, payload }) => ({
      part,
      key: Buffer.from(key),
      headers: JSON.parse(headers) as IHeaders,
      value: payload,
    }));
  } finally {
    await client.end();
  }
}

async function appendToBus(
  stack: Stack,
  { topic, service }: { topic: string; service: string },
  records: readonly RawRecord[],
): Promise<void> {
  // The function asks by its session user who may write the topic.
  const client = new pg.Client({ connectionString: stack.databaseUrl(service) });
  await client.connect();
  try {
    await client.query('select bus.append($1, $2, $3, $4, $5)', [
      topic,
      records.map(({ part }) => part),
      records.map(({ key }) => String(key)),
      records.map(({ headers }) => JSON.stringify(headers)),
      records.map(({ value }) => value),
    ]);
  } finally {
    await client.end();
  }
}
