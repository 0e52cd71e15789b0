import type { Logger } from '@idp/telemetry';
import type { EachBatchPayload } from 'kafkajs';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RecordChunk } from '../../transport/transport.ts';
import type { Generation } from './generation.ts';
import { createLane, type Lane } from './lane.ts';
import type { Slots } from './slots.ts';
import { waitAtMost } from './wait-at-most.ts';

/** How long the next fetch waits for the records of the last one. Longer work goes on beside it, so that one slow partition holds up no other. */
const handoverMs = 1_000;
/** How long a member that is asked to rejoin its group finishes what it has in hand. */
const finishMs = 5_000;

export interface PartitionsOptions {
  slots: Slots;
  logger: Logger;
  /** Group whose offsets move; instance subscriptions have none. */
  group: string | undefined;
  paused: boolean;
  onChunk(chunk: RecordChunk): Promise<void>;
  onDone?(topic: string, part: number, next: number): void;
  /** So many partitions are not fetched from. */
  onPaused?(count: number): void;
}

/** The partitions of one subscription, over all its assignments. */
export interface Partitions {
  assign(generation: Generation): void;
  /** Takes a batch. Resolves when more may be fetched. */
  take(payload: EachBatchPayload, generation: Generation): Promise<void>;
  pause(): void;
  resume(): void;
  /** Ends after the chunks in hand, or after `deadlineMs`: then their signals abort and their offsets stay. */
  close(deadlineMs: number): Promise<void>;
}

export function createPartitions(options: PartitionsOptions): Partitions {
  const ending = new AbortController();
  const full = new Set<string>();
  // Work may go on because somebody resumes it, but belongs to nobody's request.
  const outside = AsyncLocalStorage.snapshot();
  let lanes = new Map<string, Lane>();
  let current: Generation | undefined;
  let { paused } = options;

  /** Tells kafkajs which partitions to fetch from. */
  function steer(topic: string, parts: readonly number[]): void {
    if (current === undefined || current.signal.aborted) return;
    for (const partition of parts) {
      const place = [{ topic, partitions: [partition] }];
      if (paused || full.has(`${topic}/${partition}`)) current.consumer.pause(place);
      else current.consumer.resume(place);
    }
    options.onPaused?.(paused ? lanes.size : full.size);
  }

  function steerAll(): void {
    for (const [topic, parts] of current?.assigned ?? []) steer(topic, parts);
  }

  function openLane(topic: string, part: number, generation: Generation): Lane {
    const place = `${topic}/${part}`;
    const { slots, logger, group, onChunk } = options;
    return createLane({
      slots,
      logger,
      group,
      onChunk,
      topic,
      part,
      generation,
      ending: ending.signal,
      paused: () => paused,
      onDone: (next) => options.onDone?.(topic, part, next),
      onFull(isFull) {
        if (generation !== current) return;
        if (isFull) full.add(place);
        else full.delete(place);
        steer(topic, [part]);
      },
    });
  }

  return {
    assign(generation) {
      current = generation;
      full.clear();
      lanes = new Map();
      for (const [topic, parts] of generation.assigned) {
        for (const part of parts) lanes.set(`${topic}/${part}`, openLane(topic, part, generation));
      }
      steerAll();
    },
    async take(payload, generation) {
      const { batch } = payload;
      const lane = lanes.get(`${batch.topic}/${batch.partition}`);
      if (
        generation !== current ||
        generation.isStale() ||
        payload.isStale() ||
        lane === undefined ||
        ending.signal.aborted
      )
        return;
      const idle = !lane.busy;
      lane.push(payload);
      // The place to fetch from; what the group has done is committed apart.
      payload.resolveOffset(batch.lastOffset());
      if (!idle || (await waitAtMost(lane.idle(), handoverMs))) return;
      if (generation.closing) await waitAtMost(lane.idle(), finishMs);
    },
    pause() {
      paused = true;
      steerAll();
    },
    resume() {
      paused = false;
      steerAll();
      for (const lane of lanes.values()) outside(lane.wake);
    },
    async close(deadlineMs) {
      paused = true;
      steerAll();
      const all = Promise.all([...lanes.values()].map((lane) => lane.idle()));
      if (!(await waitAtMost(all, deadlineMs))) {
        ending.abort(new Error('the subscription was closed'));
        await waitAtMost(all, handoverMs);
      }
      ending.abort(new Error('the subscription is closed'));
    },
  };
}
