import type { EventType, TopicDefinition } from '@idp/contracts';
import { platformDoor, type Database } from '@idp/database';
import type { Logger, Metrics } from '@idp/telemetry';
import type { ConsumerDefinition } from '../consumer/define-consumer.ts';
import { defaultTiming, type ConsumerTiming } from '../consumer/timing.ts';
import { EventConfigurationError } from '../errors.ts';
import { createFailpoints } from '../failpoints.ts';
import { sendBeat, type BeatInput } from '../outbox/beat.ts';
import { createConsumerOperations, type ConsumerOperations } from '../operations/consumers.ts';
import { createDeadLetters, type DeadLetters } from '../operations/dead-letters.ts';
import { listRefused, listShards, type OutboxView } from '../operations/outbox-view.ts';
import { createParkedEvents, type ParkedEvents } from '../operations/parked-events.ts';
import type { PlatformDoor } from '../platform-door.ts';
import type { EventTransport } from '../transport/transport.ts';
import { outboxChannel, type WakeSignal } from '../transport/wake-signal.ts';
import { auditSink } from './audit-sink.ts';
import { topicsOfConsumer } from './consumer-topics.ts';
import { createConsumers } from './consumers.ts';
import { createProducer } from './producer.ts';
import { readEventSettings, type EventRole } from './settings.ts';
import { isDrained, readStatus, type EventStatus } from './status.ts';

export interface EventRuntimeOptions {
  service: string;
  // Consumers bring their own tables.
  // oxlint-disable-next-line typescript/no-explicit-any
  database: Database<any>;
  transport: EventTransport;
  /** The wake signal of the process, the same that the transport got. */
  wake: WakeSignal;
  consumers: readonly ConsumerDefinition[];
  metrics: Metrics;
  logger: Logger;
  /** Where EVENTS_RELAY_LOOPS, ROLE, EVENTS_CHAOS_DUPLICATE, FAILPOINT and NODE_ENV are read. */
  env: Readonly<Record<string, string | undefined>>;
  clock?: () => Date;
  random?: () => number;
  /** Times that differ from the usual ones. */
  timing?: Partial<ConsumerTiming>;
  /** Default: the topics of proto/topics.yaml. */
  topics?: readonly TopicDefinition[];
}

export interface EventRuntime {
  /**
   * Opens every consumer and starts the relay; in the role `api` instance consumers alone. Rejects with
   * EventConfigurationError for what cannot work.
   */
  start(): Promise<void>;
  /** Ends reading, finishes the chunks and the relay rounds in hand; past the deadline they are given up and come again. */
  stop(deadlineMs: number): Promise<void>;
  /** Takes up or lays down the work of a worker while the process runs; what is in hand has `deadlineMs` (10 000) to finish. */
  setRole(role: EventRole, options?: { deadlineMs?: number }): Promise<void>;
  /** Resolves when the instance consumers that begin at the start have read everything that lay in their topics. */
  ready(): Promise<void>;
  status(): Promise<EventStatus>;
  /** Resolves when outbox, lag and due parked events are 0. Rejects after `timeoutMs` (30 000). */
  drain(options?: { timeoutMs?: number }): Promise<void>;
  /** Nothing moves any more: outbox, lag and due parked events are 0. */
  drained(): Promise<boolean>;
  readonly deadLetters: DeadLetters;
  readonly parkedEvents: ParkedEvents;
  readonly consumers: ConsumerOperations;
  outbox(): Promise<OutboxView>;
  /** Sends a liveness record past the outbox; false where something it speaks of waits for too long, or it did not arrive. */
  beat<T extends EventType>(input: BeatInput<T>, signal: AbortSignal): Promise<boolean>;
}

/**
 * Relay, consumers and retries of one service. Fills the database's audit sink and commit listener.
 * Throws EventConfigurationError for duplicate names, unknown types, unlisted readers, or settings that are refused.
 */
export function createEventRuntime(options: EventRuntimeOptions): EventRuntime {
  const { service, database, consumers, env } = options;
  const settings = readEventSettings(env);
  const failpoints = createFailpoints(env);
  checkConsumers(consumers, options.topics, service);
  const timing: ConsumerTiming = { ...defaultTiming, ...options.timing };
  const random = options.random ?? Math.random;
  const now = (): number => (options.clock?.() ?? new Date()).getTime();
  const door: PlatformDoor = platformDoor<never>(database as Database<never>);
  database.setAuditSink(auditSink);
  database.addCommitListener((tables) => {
    if (tables.has('outbox')) options.wake.notify(outboxChannel(service));
  });
  const shared = { ...options, settings, failpoints, timing, random, now, door };
  const producer = createProducer(shared);
  const readers = createConsumers(shared);
  const { environments } = readers;
  const sources = { door, transport: options.transport, readers };
  let working = false;
  async function work(): Promise<void> {
    if (working) return;
    working = true;
    await readers.start();
    producer.start();
  }
  async function end(deadlineMs: number, keepInstances: boolean): Promise<void> {
    working = false;
    const deadline = performance.now() + deadlineMs;
    await (keepInstances ? readers.rest(deadlineMs) : readers.stop(deadlineMs));
    await producer.stop(Math.max(0, deadline - performance.now()));
  }
  return {
    start: () => (settings.role === 'api' ? readers.startInstances() : work()),
    stop: (deadlineMs) => end(deadlineMs, false),
    setRole: (role, { deadlineMs = 10_000 } = {}) => (role === 'api' ? end(deadlineMs, true) : work()),
    ready: () => readers.ready(),
    status: () => readStatus(sources),
    drained: () => isDrained(sources),
    async drain({ timeoutMs = 30_000 } = {}) {
      const deadline = performance.now() + timeoutMs;
      producer.kick();
      while (!(await isDrained(sources))) {
        if (performance.now() > deadline)
          throw new Error(`${service}: events did not drain: ${JSON.stringify(await readStatus(sources))}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    deadLetters: createDeadLetters({ database, door, environments }),
    parkedEvents: createParkedEvents(environments),
    consumers: createConsumerOperations({ ...sources, consumers, topics: options.topics, now }),
    beat: (input, signal) => sendBeat({ service, door, transport: options.transport }, input, signal),
    outbox: () =>
      door.transaction(
        async (tx) => ({
          shards: await listShards(tx.db),
          held: [...producer.holds.list()],
          refused: await listRefused(tx.db),
        }),
        { readOnly: true },
      ),
  };
}

function checkConsumers(
  consumers: readonly ConsumerDefinition[],
  topics: readonly TopicDefinition[] | undefined,
  service: string,
): void {
  const names = new Set<string>();
  for (const consumer of consumers) {
    if (names.has(consumer.name)) throw new EventConfigurationError(`two consumers are called ${consumer.name}`);
    if (!consumer.name.startsWith(`${service}.`)) {
      throw new EventConfigurationError(`consumer ${consumer.name} is not one of ${service}`);
    }
    names.add(consumer.name);
    topicsOfConsumer(consumer, topics);
  }
}
