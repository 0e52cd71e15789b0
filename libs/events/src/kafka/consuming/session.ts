import type { Logger } from '@idp/telemetry';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { EventConfigurationError } from '../../errors.ts';
import { classifyKafkaError, reasonOf } from '../kafka-errors.ts';
import { createGeneration, type Generation, type SessionTiming } from './generation.ts';

const rebalanceTimeoutMs = 60_000;
/** How long a fetch waits for records. A subscription that closes or resumes waits for it. */
const fetchWaitMs = 1_000;
/** Short enough that the copies of the access snapshot are themselves again 5 s after the brokers are back (auth §8.16). */
const backoffMs = { first: 200, max: 2_000 };
/** All partitions of a fetch are handed over at once; how many are worked on is decided elsewhere. */
const batchesMax = 512;

export interface SessionOptions {
  kafka: Kafka;
  group: string;
  topics: readonly string[];
  timing: SessionTiming;
  logger: Logger;
  /** Before the first record of the assignment. */
  onJoined(generation: Generation): void;
  /** kafkajs fetches again when this resolves for every batch of a fetch. */
  onBatch(payload: EachBatchPayload, generation: Generation): Promise<void>;
}

/** A member of a group that is there until it is closed. */
export interface Session {
  /** The present assignment; undefined while there is none. */
  readonly generation: Generation | undefined;
  /** Resolves at the first join. Rejects with EventConfigurationError when the brokers refuse the membership. */
  readonly joined: Promise<void>;
  /** Leaves the group. */
  close(): Promise<void>;
}

/**
 * Keeps a consumer in a group. kafkajs holds on to a dead coordinator until its consumer is given up, so it is given up early
 * (one retry), and a fresh one takes its place after a pause with full jitter.
 */
export function openSession(options: SessionOptions): Session {
  const { group, logger, timing } = options;
  const joined = Promise.withResolvers<void>();
  joined.promise.catch(() => undefined);
  let consumer: Consumer | undefined;
  let generation: Generation | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let closed = false;

  function begin(next: Generation): void {
    generation?.end();
    generation = next;
    failures = 0;
    options.onJoined(next);
    joined.resolve();
  }

  function restart(error: unknown): void {
    generation?.end();
    generation = undefined;
    if (closed) return;
    if (classifyKafkaError(error) === 'unusable') {
      joined.reject(new EventConfigurationError(`group ${group}: ${reasonOf(error)}`, { cause: error }));
    }
    failures += 1;
    const delayMs = Math.random() * Math.min(backoffMs.max, backoffMs.first * 2 ** Math.min(failures, 10));
    logger.warn({ err: error, group, delayMs: Math.round(delayMs) }, 'a consumer lost its brokers and begins anew');
    timer = setTimeout(() => void start(), delayMs);
  }

  async function start(): Promise<void> {
    const mine = createConsumer(options);
    consumer = mine;
    const { GROUP_JOIN, HEARTBEAT, REBALANCING, CRASH } = mine.events;
    mine.on(GROUP_JOIN, ({ payload: { memberAssignment, duration } }) => {
      const partitions = Object.values(memberAssignment).reduce((sum, parts) => sum + parts.length, 0);
      logger.info({ group, partitions, durationMs: duration }, 'joined a group of consumers');
      begin(createGeneration(mine, memberAssignment, timing));
    });
    mine.on(HEARTBEAT, () => generation?.heard());
    mine.on(REBALANCING, () => generation?.end());
    mine.on(CRASH, ({ payload: { error } }) => {
      if (consumer === mine) restart(error);
    });
    try {
      await mine.connect();
      await mine.subscribe({ topics: [...options.topics], fromBeginning: true });
      if (consumer !== mine) return await mine.disconnect();
      await mine.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: batchesMax,
        eachBatch: async (payload) => {
          const current = generation;
          if (current !== undefined) await options.onBatch(payload, current);
        },
      });
    } catch (error) {
      await mine.disconnect().catch(() => undefined);
      if (consumer === mine) restart(error);
    }
  }

  void start();
  return {
    joined: joined.promise,
    get generation() {
      return generation;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      const last = consumer;
      consumer = undefined;
      // Stop before disconnect: the member leaves its group, and the others need not wait for its session to run out.
      await last?.stop().catch(() => undefined);
      generation?.end();
      await last?.disconnect().catch(() => undefined);
    },
  };
}

function createConsumer({ kafka, group, timing }: SessionOptions): Consumer {
  return kafka.consumer({
    groupId: group,
    sessionTimeout: timing.sessionMs,
    heartbeatInterval: timing.heartbeatMs,
    rebalanceTimeout: rebalanceTimeoutMs,
    maxWaitTimeInMs: fetchWaitMs,
    allowAutoTopicCreation: false,
    retry: { retries: 1, initialRetryTime: 100, maxRetryTime: 300, restartOnFailure: async () => false },
  });
}
