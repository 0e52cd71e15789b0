import type { Logger } from '@idp/telemetry';
import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { GroupSubscription, Subscription } from '../../transport/transport.ts';
import type { OffsetReader, PartitionEnds } from '../offsets.ts';
import type { Generation, SessionTiming } from './generation.ts';
import { createPartitions, type Partitions } from './partitions.ts';
import { openSession } from './session.ts';
import type { Slots } from './slots.ts';
import { waitAtMost } from './wait-at-most.ts';

/** A first join that takes longer, as after a crash until the old session has run out, goes on in the background. */
const joinWaitMs = 2_000;

export interface ReaderOptions {
  kafka: Kafka;
  offsets: OffsetReader;
  slots: Slots;
  timing: SessionTiming;
  logger: Logger;
}

export interface GroupObserver {
  onRebalance(group: string): void;
  onPaused(group: string, partitions: number): void;
}

/** Reads as a member of a group. Rejects with EventConfigurationError when the brokers refuse the membership. */
export async function openGroupReader(
  options: ReaderOptions & GroupObserver,
  subscription: GroupSubscription,
): Promise<Subscription> {
  const { kafka, offsets, slots, timing, logger } = options;
  const { group, topics, from } = subscription;
  const ends = new Map<string, PartitionEnds[]>();
  for (const topic of topics) ends.set(topic, await offsets.ends(topic));
  const anchors = new WeakMap<Generation, Promise<void>>();
  const anchored = new Set<string>();
  let joins = 0;

  /**
   * Gives every partition an offset before its first record is handled. Without one a partition that stays empty would begin
   * somewhere else after each restart, and its lag could not be told.
   */
  async function anchor(generation: Generation): Promise<void> {
    const fresh = [...generation.assigned].some(([topic, parts]) =>
      parts.some((part) => !anchored.has(`${topic}/${part}`)),
    );
    if (!fresh) return;
    const committed = await offsets.committed(group, topics);
    const missing: { topic: string; partition: number; offset: string }[] = [];
    for (const [topic, parts] of generation.assigned) {
      for (const part of parts) {
        if (committed.get(topic)?.get(part) !== undefined) continue;
        const known = ends.get(topic)?.find((each) => each.part === part);
        const begin = from === 'start' ? known?.low : known?.high;
        missing.push({ topic, partition: part, offset: String(begin ?? 0) });
      }
    }
    generation.signal.throwIfAborted();
    if (missing.length > 0) await generation.consumer.commitOffsets(missing);
    generation.signal.throwIfAborted();
    // kafkajs has begun at the first record there is.
    if (from === 'now') for (const place of missing) generation.consumer.seek(place);
    for (const [topic, parts] of generation.assigned) for (const part of parts) anchored.add(`${topic}/${part}`);
  }

  const partitions: Partitions = createPartitions({
    slots,
    logger,
    group,
    paused: subscription.paused === true,
    onChunk: (chunk) => subscription.onChunk(chunk),
    onPaused: (count) => options.onPaused(group, count),
  });
  const session = openSession({
    kafka,
    group,
    topics,
    timing,
    logger,
    onJoined(generation) {
      joins += 1;
      if (joins > 1) options.onRebalance(group);
      partitions.assign(generation);
      const anchoring = anchor(generation);
      anchoring.catch(() => undefined);
      anchors.set(generation, anchoring);
    },
    async onBatch(payload: EachBatchPayload, generation) {
      await anchors.get(generation)?.catch((error: unknown) => {
        if (!generation.signal.aborted) throw error;
      });
      await partitions.take(payload, generation);
    },
  });
  try {
    await waitAtMost(firstAnchor(), joinWaitMs);
  } catch (error) {
    await session.close();
    throw error;
  }

  async function firstAnchor(): Promise<void> {
    await session.joined;
    const { generation } = session;
    if (generation !== undefined) await anchors.get(generation)?.catch(() => undefined);
  }

  return {
    pause: () => partitions.pause(),
    resume: () => partitions.resume(),
    async close(deadlineMs) {
      await partitions.close(deadlineMs);
      await session.close();
    },
  };
}
