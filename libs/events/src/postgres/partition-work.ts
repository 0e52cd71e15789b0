import type { PlatformDoor } from '../platform-door.ts';
import type { GroupSubscription, RecordChunk } from '../transport/transport.ts';
import { allowIdle, commitOffset, heartbeat, takeRecords, type FetchedRow } from './statements.ts';
import { toStoredRecord } from './stored-record.ts';

/** The server ends the transaction of a frozen owner after this long, and with it the ownership. */
const idleSecondsMax = 15;
/** Below idleSecondsMax: we know that it is over before the server does. */
const silenceMsMax = 14_000;
const heartbeatMs = 4_000;
export const chunkRecordsMax = 100;

export interface PartitionWork {
  door: PlatformDoor;
  subscription: GroupSubscription;
  signal: AbortSignal;
  /** Called as soon as a partition is taken: others of the group may be waiting too. */
  onTaken: () => void;
}

/**
 * Takes one partition, hands over its next records and moves the offset, in one transaction that holds the partition's row.
 * Resolves false when there was nothing to take. The effect commits elsewhere, before the offset: at least once.
 */
export function workOnePartition({ door, subscription, signal, onTaken }: PartitionWork): Promise<boolean> {
  const { group } = subscription;
  return door.transaction(
    async (tx) => {
      const [, rows] = await Promise.all([
        allowIdle(tx.db, idleSecondsMax),
        takeRecords(tx.db, group, chunkRecordsMax),
      ]);
      const first = rows[0];
      if (first === undefined) return false;
      onTaken();
      const { taken_topic: topic, taken_part: part } = first;
      if (first.record_offset === null) {
        await commitOffset(tx.db, group, topic, part, first.end_offset);
        return true;
      }
      const records = rows.map((row) => toStoredRecord(topic, part, row as FetchedRow));
      const alive = keepAlive(() => heartbeat(tx.db), AbortSignal.any([signal, tx.signal]));
      try {
        await subscription.onChunk({ topic, part, records, ...alive.chunk });
      } finally {
        alive.stop();
      }
      await commitOffset(tx.db, group, topic, part, records.at(-1)!.offset + 1);
      return true;
    },
    { signal },
  );
}

type Liveness = Pick<RecordChunk, 'heartbeat' | 'isStale' | 'signal'>;

/** Keeps the holding transaction from being idle too long, and knows when it is no longer ours. */
function keepAlive(beat: () => Promise<void>, outer: AbortSignal): { chunk: Liveness; stop(): void } {
  const lost = new AbortController();
  const signal = AbortSignal.any([outer, lost.signal]);
  let lastAt = performance.now();
  const isStale = (): boolean => signal.aborted || performance.now() - lastAt > silenceMsMax;
  const send = async (): Promise<void> => {
    const sentAt = performance.now();
    try {
      await beat();
      lastAt = Math.max(lastAt, sentAt);
    } catch (error) {
      lost.abort(error);
    }
  };
  const timer = setInterval(() => void send(), heartbeatMs);
  return {
    chunk: {
      isStale,
      signal,
      heartbeat: send,
    },
    stop: () => clearInterval(timer),
  };
}
