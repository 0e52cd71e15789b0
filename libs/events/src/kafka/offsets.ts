import type { Admin, Kafka } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartitionLag } from '../transport/transport.ts';
import { classifyKafkaError } from './kafka-errors.ts';

const attemptsMax = 5;
const pauseMs = 200;

/** First offset and the one after the last, per partition. */
export interface PartitionEnds {
  part: number;
  low: number;
  high: number;
}

/** What can be asked about offsets. Connects at the first question. */
export interface OffsetReader {
  ends(topic: string): Promise<PartitionEnds[]>;
  /** Offsets of a group, by topic and partition; undefined where it has none. */
  committed(
    group: string,
    topics?: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, number | undefined>>>;
  /** How far a group is behind. `from`: what counts for a partition without offset. */
  lag(group: string, known?: { topics: readonly string[]; from: 'start' | 'now' }): Promise<PartitionLag[]>;
  /** Asks something else. */
  ask<T>(question: (admin: Admin) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createOffsetReader(kafka: Kafka): OffsetReader {
  let connected: Promise<Admin> | undefined;

  /** A leader or coordinator that has just moved is asked again. */
  async function ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await askOnce(question);
      } catch (error) {
        if (attempt === attemptsMax || classifyKafkaError(error) !== 'other') throw error;
        await sleep(pauseMs);
      }
    }
  }

  /** After a failure the next question goes to a new client: this one may hold on to a lost topic or coordinator. */
  async function askOnce<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    connected ??= connect(kafka);
    const mine = connected;
    try {
      return await question(await mine);
    } catch (error) {
      if (connected === mine) connected = undefined;
      void mine.then((admin) => admin.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  async function ends(topic: string): Promise<PartitionEnds[]> {
    const offsets = await ask((admin) => admin.fetchTopicOffsets(topic));
    return offsets.map(({ partition, low, high }) => ({ part: partition, low: Number(low), high: Number(high) }));
  }

  async function committed(group: string, topics: readonly string[] = []) {
    const rows = await ask((admin) => admin.fetchOffsets({ groupId: group, topics: [...topics] }));
    return new Map(rows.map(({ topic, partitions }) => [topic, new Map(partitions.map(toOffset))]));
  }

  return {
    ask,
    ends,
    committed,
    async lag(group, known) {
      const lags: PartitionLag[] = [];
      for (const [topic, offsets] of await committed(group, known?.topics)) {
        for (const { part, low, high } of await ends(topic)) {
          const begin = known?.from === 'start' ? low : high;
          const records = high - Math.max(low, offsets.get(part) ?? begin);
          if (records > 0) lags.push({ group, topic, part, records });
        }
      }
      return lags;
    },
    async close() {
      await connected?.then((client) => client.disconnect()).catch(() => undefined);
    },
  };
}

async function connect(kafka: Kafka): Promise<Admin> {
  const admin = kafka.admin();
  await admin.connect();
  return admin;
}

/** −1 is none; −2, the earliest, is what kafkajs commits after an offset that lies out of range. */
function toOffset({ partition, offset }: { partition: number; offset: string }): [number, number | undefined] {
  const value = Number(offset);
  return [partition, value < 0 ? undefined : value];
}
