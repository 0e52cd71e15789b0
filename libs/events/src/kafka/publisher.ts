import kafkajs, { type Kafka, type Message, type Producer, type RecordMetadata } from 'kafkajs';
import { murmur2 } from '../envelope/murmur2.ts';
import type { OutgoingRecord, PublishOutcome } from '../transport/transport.ts';
import { requestTimeoutMs } from './client.ts';
import { classifyKafkaError, reasonOf } from './kafka-errors.ts';
import { toMessage } from './records.ts';
import type { KafkaSettings } from './settings.ts';

const { CompressionTypes } = kafkajs;
const compressions = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, zstd: CompressionTypes.ZSTD };

export interface KafkaPublisher {
  publish(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<ReadonlyMap<string, PublishOutcome>>;
  close(): Promise<void>;
}

/**
 * Appends with acknowledgement by all replicas, one topic after the other and nothing tried again: kafkajs reports a request over
 * several topics as one failure, and a batch that it sends again by itself may lose what a moved leader never got. Callers
 * send again, in the same order.
 */
export function createKafkaPublisher(
  kafka: Kafka,
  { compression }: Pick<KafkaSettings, 'compression'>,
): KafkaPublisher {
  const placed = new WeakMap<Message, number>();
  let current: Client | undefined;

  async function connect(): Promise<Producer> {
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      createPartitioner: () => partitionerInto(placed),
      retry: { retries: 0 },
    });
    await producer.connect();
    return producer;
  }

  async function send(client: Client, topic: string, messages: Message[]): Promise<RecordMetadata[]> {
    client.users += 1;
    try {
      const producer = await client.producer;
      return await producer.sendBatch({
        acks: -1,
        timeout: requestTimeoutMs,
        compression: compressions[compression],
        topicMessages: [{ topic, messages }],
      });
    } finally {
      client.users -= 1;
      if (client.dropped) await disconnect(client);
    }
  }

  /** What a client knows of a lost topic stands in the way of all others: the next request begins with a new one. */
  async function drop(client: Client): Promise<void> {
    client.dropped = true;
    if (current === client) current = undefined;
    await disconnect(client);
  }

  async function publishTopic(
    topic: string,
    records: readonly OutgoingRecord[],
    signal: AbortSignal,
  ): Promise<PublishOutcome> {
    const messages = records.map(toMessage);
    current ??= { producer: connect(), users: 0, dropped: false };
    const client = current;
    try {
      const answers = await within(send(client, topic, messages), signal);
      const acknowledged = new Set(answers.map(({ partition }) => partition));
      const complete = messages.every((message) => acknowledged.has(placed.get(message)!));
      return complete ? { status: 'ok' } : { status: 'retry', reason: 'some partitions gave no answer' };
    } catch (error) {
      const failure = classifyKafkaError(error);
      const reason = reasonOf(error);
      if (failure === 'refused') return { status: 'refused', reason };
      void drop(client);
      return { status: 'retry', reason, away: failure === 'away' };
    }
  }

  return {
    async publish(records, signal) {
      const outcomes = new Map<string, PublishOutcome>();
      for (const [topic, group] of Map.groupBy(records, (record) => record.topic)) {
        outcomes.set(topic, await publishTopic(topic, group, signal));
      }
      return outcomes;
    },
    async close() {
      if (current !== undefined) await drop(current);
    },
  };
}

/** A connected producer; a dropped one ends with the last request on it. */
interface Client {
  readonly producer: Promise<Producer>;
  users: number;
  dropped: boolean;
}

async function disconnect({ producer, users }: Client): Promise<void> {
  if (users === 0) await producer.then((connected) => connected.disconnect()).catch(() => undefined);
}

/**
 * toPositive(murmur2(key)) mod partitions, as `Partitioners.DefaultPartitioner` and the Java client, at a tenth of the cost:
 * kafkajs computes it with BigInt. Notes where each message goes.
 */
function partitionerInto(placed: WeakMap<Message, number>) {
  return ({ message, partitionMetadata }: { message: Message; partitionMetadata: unknown[] }): number => {
    const part = (murmur2(message.key as Buffer) & 0x7fffffff) % partitionMetadata.length;
    placed.set(message, part);
    return part;
  };
}

/** Ends the waiting, not the request: what is still under way may be appended later. */
async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), 2 * requestTimeoutMs);
  const onAbort = (): void => reject(new Error('given up'));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
  }
}
