import type { Logger } from '@idp/telemetry';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordChunk } from '../../transport/transport.ts';
import { toStoredRecord } from '../records.ts';
import type { Generation } from './generation.ts';
import type { Slots } from './slots.ts';

export const chunkRecordsMax = 100;
/** More than this waiting: the partition is not fetched from for a while. */
const waitingRecordsMax = 500;
const backoffMs = { first: 100, max: 5_000 };

export interface LaneOptions {
  topic: string;
  part: number;
  generation: Generation;
  slots: Slots;
  logger: Logger;
  /** Aborts what is in hand when the subscription closes past its deadline. */
  ending: AbortSignal;
  /** Group whose offset moves; instance subscriptions have none. */
  group: string | undefined;
  onChunk(chunk: RecordChunk): Promise<void>;
  /** The subscription takes nothing at present. */
  paused(): boolean;
  /** Everything below `next` is dealt with. */
  onDone(next: number): void;
  /** The lane has become too full to be fetched for, or has room again. */
  onFull(full: boolean): void;
}

/** Deals with the records of one partition, one chunk after the other, beside other partitions. */
export interface Lane {
  /** Something is in hand or waiting. */
  readonly busy: boolean;
  push(payload: EachBatchPayload): void;
  /** Goes on after a pause. */
  wake(): void;
  /** Resolves when nothing is in hand or waiting, or nothing more will be begun. */
  idle(): Promise<void>;
}

export function createLane(options: LaneOptions): Lane {
  const { topic, part, generation, slots, logger, group } = options;
  const signal = AbortSignal.any([generation.signal, options.ending]);
  const isStale = (): boolean => signal.aborted || generation.isStale();
  const waiting: KafkaMessage[] = [];
  let payload: EachBatchPayload;
  let working: Promise<void> | undefined;
  let full = false;
  let failures = 0;

  const blocked = (): boolean => options.paused() || generation.closing || isStale();

  async function work(): Promise<void> {
    while (waiting.length > 0 && !blocked()) {
      const leave = await slots.take(signal);
      try {
        // What held it up may have ended the ownership, too.
        if (blocked()) return;
        await handle(waiting.slice(0, chunkRecordsMax));
        failures = 0;
        continue;
      } catch (error) {
        if (isStale()) return;
        logger.warn({ err: error, group, topic, partition: part }, 'a chunk of events was given back');
        failures += 1;
      } finally {
        leave();
      }
      const ceiling = Math.min(backoffMs.max, backoffMs.first * 2 ** Math.min(failures, 10));
      await sleep(ceiling * Math.random(), undefined, { signal });
    }
  }

  async function handle(messages: readonly KafkaMessage[]): Promise<void> {
    const records = messages.map((message) => toStoredRecord(topic, part, message));
    const { heartbeat, commitOffsetsIfNecessary } = payload;
    await options.onChunk({
      topic,
      part,
      records,
      heartbeat: () => generation.heartbeat(heartbeat),
      isStale,
      signal,
    });
    // An effect that came to its end after the ownership had gone counts for nothing: the records come again.
    if (isStale()) throw new Error('the ownership was gone before the end');
    const next = records.at(-1)!.offset + 1;
    waiting.splice(0, messages.length);
    measure();
    if (group !== undefined) await commit(commitOffsetsIfNecessary, next);
    options.onDone(next);
  }

  /** The effect is committed: without its offset it comes again, so this is tried for as long as the partition is ours. */
  async function commit(send: EachBatchPayload['commitOffsetsIfNecessary'], next: number): Promise<void> {
    for (;;) {
      try {
        return await generation.commit(send, topic, part, next);
      } catch (error) {
        if (isStale() || generation.closing) throw error;
        logger.info({ err: error, group, topic, partition: part }, 'an offset could not be committed');
        await sleep(backoffMs.first, undefined, { signal });
      }
    }
  }

  function measure(): void {
    const now = waiting.length > waitingRecordsMax;
    if (now === full) return;
    full = now;
    options.onFull(full);
  }

  function wake(): void {
    working ??= work()
      .catch((error: unknown) => {
        if (!isStale()) logger.warn({ err: error, group, topic, partition: part }, 'a partition was left');
      })
      .finally(() => {
        working = undefined;
        // Something may have come while the last chunk was being left.
        if (waiting.length > 0 && !blocked()) wake();
      });
  }

  return {
    get busy() {
      return working !== undefined || waiting.length > 0;
    },
    push(batch) {
      payload = batch;
      waiting.push(...batch.batch.messages);
      measure();
      wake();
    },
    wake,
    async idle() {
      while (working !== undefined) await working;
    },
  };
}
