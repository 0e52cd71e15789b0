import type { Consumer, EachBatchPayload } from 'kafkajs';
import { errorTypes } from '../kafka-errors.ts';

/** Times of a member of a group, in milliseconds. */
export interface SessionTiming {
  /** The broker gives the partitions of a member that is silent for longer to others. */
  sessionMs: number;
  /** How often a member is heard of. */
  heartbeatMs: number;
}

export const defaultSessionTiming: SessionTiming = { sessionMs: 10_000, heartbeatMs: 3_000 };

const lost = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);
const rebalancing = new Set(['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP']);

/** One assignment of partitions to this member, from its join to the next one. */
export interface Generation {
  readonly consumer: Consumer;
  /** Partitions of this member by topic. */
  readonly assigned: ReadonlyMap<string, readonly number[]>;
  /** Aborts when the partitions are gone. */
  readonly signal: AbortSignal;
  /** True as soon as the group shares its partitions anew: what is in hand may be finished, nothing more may be begun. */
  readonly closing: boolean;
  isStale(): boolean;
  heartbeat(send: EachBatchPayload['heartbeat']): Promise<void>;
  /** Moves the offset of the group; rejects when it cannot be. */
  commit(send: EachBatchPayload['commitOffsetsIfNecessary'], topic: string, part: number, next: number): Promise<void>;
  /** The broker has heard of this member. */
  heard(): void;
  end(): void;
}

export function createGeneration(
  consumer: Consumer,
  assignment: Readonly<Record<string, number[]>>,
  { sessionMs }: SessionTiming,
): Generation {
  const ending = new AbortController();
  let lastHeardAt = performance.now();
  let closing = false;
  // By a clock that goes on while the process is frozen: it may wake up when its partitions have long been given away.
  const isStale = (): boolean => ending.signal.aborted || performance.now() - lastHeardAt > sessionMs;
  const learn = (error: unknown): void => {
    const types = errorTypes(error);
    if (types.some((type) => lost.has(type))) ending.abort(error);
    else if (types.some((type) => rebalancing.has(type))) closing = true;
  };
  return {
    consumer,
    assigned: new Map(Object.entries(assignment)),
    signal: ending.signal,
    get closing() {
      return closing;
    },
    isStale,
    async heartbeat(send) {
      if (isStale()) return;
      try {
        await send();
      } catch (error) {
        // Silence is no loss yet: the session runs out by itself.
        learn(error);
      }
    },
    async commit(send, topic, part, next) {
      ending.signal.throwIfAborted();
      try {
        await send({ topics: [{ topic, partitions: [{ partition: part, offset: String(next) }] }] });
      } catch (error) {
        learn(error);
        throw error;
      }
    },
    heard() {
      lastHeardAt = performance.now();
    },
    end() {
      ending.abort(new Error('the partitions of this member were given away'));
    },
  };
}
