import { randomUUID } from 'node:crypto';
import type { EachBatchPayload } from 'kafkajs';
import type { InstanceSubscription, Subscription } from '../../transport/transport.ts';
import type { Generation } from './generation.ts';
import type { ReaderOptions } from './group-reader.ts';
import { createPartitions } from './partitions.ts';
import { openSession } from './session.ts';

interface Place {
  topic: string;
  part: number;
  next: number;
  /** End of the partition when the reader joined. */
  target: number;
}

/**
 * Reads whole topics in this process, as the only member of a group of its own that has no offsets. The broker forgets a group
 * without members and offsets; a closed one is removed at once. After a loss of the membership `start` begins at the start again,
 * `now` where it was. Resolves when the base state is loaded (`onReset`).
 */
export async function openInstanceReader(
  options: ReaderOptions & { service: string },
  subscription: InstanceSubscription,
): Promise<Subscription> {
  const { kafka, offsets, slots, timing, logger, service } = options;
  const { topics, from } = subscription;
  const group = `idp.${service}.i.${randomUUID()}`;
  const places = new Map<string, Place>();
  for (const topic of topics) {
    for (const { part, low, high } of await offsets.ends(topic)) {
      places.set(`${topic}/${part}`, { topic, part, next: from === 'start' ? low : high, target: high });
    }
  }
  const loads = new WeakMap<Generation, Promise<void>>();
  let caughtUp = false;

  function lookCaughtUp(): void {
    if (caughtUp || [...places.values()].some(({ next, target }) => next < target)) return;
    caughtUp = true;
    subscription.onCaughtUp?.();
  }

  const partitions = createPartitions({
    slots,
    logger,
    group: undefined,
    paused: false,
    onChunk: (chunk) => subscription.onChunk(chunk),
    onDone(topic, part, next) {
      places.get(`${topic}/${part}`)!.next = next;
      lookCaughtUp();
    },
  });
  const session = openSession({
    kafka,
    group,
    topics,
    timing,
    logger,
    onJoined(generation) {
      partitions.assign(generation);
      if (from === 'now') {
        for (const { topic, part, next } of places.values()) {
          generation.consumer.seek({ topic, partition: part, offset: String(next) });
        }
      }
      const loading = subscription.onReset().then(lookCaughtUp);
      loading.catch(() => undefined);
      loads.set(generation, loading);
    },
    async onBatch(payload: EachBatchPayload, generation) {
      await loads.get(generation);
      await partitions.take(payload, generation);
    },
  });
  const close = async (deadlineMs: number): Promise<void> => {
    await partitions.close(deadlineMs);
    await session.close();
    await offsets.ask((admin) => admin.deleteGroups([group])).catch(() => undefined);
  };
  try {
    await session.joined;
    if (session.generation !== undefined) await loads.get(session.generation);
  } catch (error) {
    await close(0);
    throw error;
  }
  return { pause: () => partitions.pause(), resume: () => partitions.resume(), close };
}
