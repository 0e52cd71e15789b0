import type { Logger } from '@idp/telemetry';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { PlatformDoor } from '../platform-door.ts';
import type { InstanceSubscription, Subscription } from '../transport/transport.ts';
import { chunkRecordsMax } from './partition-work.ts';
import { fetchRecords, listHeads } from './statements.ts';
import { toStoredRecord } from './stored-record.ts';

export interface InstanceReader extends Subscription {
  readonly topics: readonly string[];
  /** Reads everything up to the present ends of the topics; one reading at a time. Resolves true when there was something. */
  read(): Promise<boolean>;
}

interface Place {
  topic: string;
  part: number;
  next: number;
  /** End of the partition when the reader joined. */
  target: number;
}

/** Reads whole topics from places kept in memory. Resolves when the base state is loaded (`onReset`). */
export async function openInstanceReader(options: {
  door: PlatformDoor;
  subscription: InstanceSubscription;
  logger: Logger;
}): Promise<InstanceReader> {
  const { door, subscription, logger } = options;
  const { topics } = subscription;
  const ending = new AbortController();
  const outside = AsyncLocalStorage.snapshot();
  const heads = () => door.transaction((tx) => listHeads(tx.db, topics), { readOnly: true, signal: ending.signal });
  const places = (await heads()).map(({ topic, part, end }): Place => ({
    topic,
    part,
    next: subscription.from === 'start' ? 0 : end,
    target: end,
  }));
  await subscription.onReset();
  let paused = false;
  let caughtUp = false;
  let reading: Promise<boolean> | undefined;

  async function readAll(): Promise<boolean> {
    const ends = new Map((await heads()).map(({ topic, part, end }) => [`${topic}/${part}`, end]));
    let found = false;
    for (const place of places) {
      const end = ends.get(`${place.topic}/${place.part}`) ?? place.next;
      while (place.next < end && !paused && !ending.signal.aborted) {
        await readSome(door, subscription, place, end, ending.signal);
        found = true;
      }
    }
    if (!caughtUp && places.every((place) => place.next >= place.target)) {
      caughtUp = true;
      subscription.onCaughtUp?.();
    }
    return found;
  }

  return {
    topics,
    read() {
      if (paused || ending.signal.aborted) return Promise.resolve(false);
      reading ??= outside(readAll).finally(() => {
        reading = undefined;
      });
      return reading;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
    },
    async close(deadlineMs) {
      paused = true;
      const timer = setTimeout(() => ending.abort(), deadlineMs);
      await reading?.catch((error: unknown) =>
        logger.warn({ err: error, topics }, 'the last reading of a topic failed'),
      );
      clearTimeout(timer);
      ending.abort();
    },
  };
}

async function readSome(
  door: PlatformDoor,
  subscription: InstanceSubscription,
  place: Place,
  end: number,
  signal: AbortSignal,
): Promise<void> {
  const { topic, part, next } = place;
  const rows = await door.transaction((tx) => fetchRecords(tx.db, topic, part, next, chunkRecordsMax), {
    readOnly: true,
    signal,
  });
  if (rows.length > 0) {
    await subscription.onChunk({
      topic,
      part,
      records: rows.map((row) => toStoredRecord(topic, part, row)),
      heartbeat: () => Promise.resolve(),
      isStale: () => signal.aborted,
      signal,
    });
  }
  // Nothing there: retention took what lay between.
  place.next = rows.length > 0 ? rows.at(-1)!.record_offset + 1 : end;
}
