import { platformTenantId, topics as knownTopics } from '@idp/contracts';
import type { ChunkEnvironment } from '../consumer/chunk.ts';
import { createConsumerMetrics } from '../consumer/consumer-metrics.ts';
import { createCrashCounter } from '../consumer/crash-counter.ts';
import { createFirstReads, type FirstReads } from '../consumer/first-reads.ts';
import { isInstanceConsumer, type ConsumerDefinition, type GroupConsumer } from '../consumer/define-consumer.ts';
import { openGroupReader } from '../consumer/group-reader.ts';
import { startParkedLoop, type ParkedLoop } from '../consumer/parked-loop.ts';
import { EventConfigurationError } from '../errors.ts';
import { carriesState } from '../operations/rebuild.ts';
import { requestSnapshots } from '../operations/snapshots.ts';
import type { Subscription } from '../transport/transport.ts';
import { openInstance } from './open-instances.ts';
import { listPaused, setPaused } from './consumer-states.ts';
import { topicsOfConsumer } from './consumer-topics.ts';
import { reportConsumers } from './runtime-metrics.ts';
import type { RuntimeParts } from './shared.ts';

const pausePollMs = 5_000;

export interface Consumers {
  /** Names of the consumers with progress of their own. */
  readonly names: readonly string[];
  readonly retrying: number;
  /** Grows whenever parked events are looked for. */
  readonly retryRounds: number;
  /** What each consumer works with, by name. */
  readonly environments: ReadonlyMap<string, ChunkEnvironment>;
  paused(consumer: string): boolean;
  /** Opens those of every process: what they keep in memory is needed wherever requests are served. */
  startInstances(): Promise<void>;
  /** Opens the rest as well. */
  start(): Promise<void>;
  /** Closes what `start` has opened, and leaves those of every process as they are. */
  rest(deadlineMs: number): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
  ready(): Promise<void>;
  setPaused(consumer: string, paused: boolean, actor: string): Promise<void>;
}

/** Opens and ends the consumers of a service and keeps them paused as the operators said. */
export function createConsumers(parts: RuntimeParts): Consumers {
  const { consumers, door, transport, logger, timing } = parts;
  const groups = consumers.filter((consumer): consumer is GroupConsumer => !isInstanceConsumer(consumer));
  const names = groups.map((consumer) => consumer.name);
  const open = new Map<string, Subscription>();
  const caughtUp: Promise<void>[] = [];
  let paused: ReadonlySet<string> = new Set();
  let parked: ParkedLoop | undefined;
  let timer: NodeJS.Timeout | undefined;
  const environments = new Map(
    groups.map((consumer) => [consumer.name, createEnvironment(parts, consumer, (delayMs) => parked?.expect(delayMs))]),
  );
  reportConsumers(parts.metrics, {
    consumers: names,
    transport,
    door,
    pausedPartitions: (name) =>
      paused.has(name)
        ? partitionsOf(
            parts,
            consumers.find((each) => each.name === name)!,
          )
        : 0,
  });

  async function followPaused(): Promise<void> {
    paused = await door.transaction((tx) => listPaused(tx.db), { readOnly: true });
    for (const name of names) {
      if (paused.has(name)) open.get(name)?.pause();
      else open.get(name)?.resume();
    }
  }

  function openOne(consumer: ConsumerDefinition): Promise<Subscription> {
    if (!isInstanceConsumer(consumer)) {
      const topics = topicsOfConsumer(consumer, parts.topics);
      const crashes = createCrashCounter({ door, consumer: consumer.name });
      return openGroupReader({
        environment: environments.get(consumer.name)!,
        transport,
        crashes,
        firstReads: firstReadsOf(parts, consumer as GroupConsumer, topics),
        topics,
        paused: paused.has(consumer.name),
      });
    }
    const { promise, resolve: onCaughtUp } = Promise.withResolvers<void>();
    if (consumer.from === 'start') caughtUp.push(promise);
    return openInstance({ ...parts, handlerMs: timing.handlerMs }, consumer, onCaughtUp);
  }

  /** Side by side: each waits for its group, which may have to share its partitions anew. What was opened is closed by `stop`. */
  async function openMissing(wanted: readonly ConsumerDefinition[]): Promise<void> {
    const missing = wanted.filter(({ name }) => !open.has(name));
    const opening = missing.map(async (consumer) => void open.set(consumer.name, await openOne(consumer)));
    const failed = (await Promise.allSettled(opening)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) await Promise.reject((failed as PromiseRejectedResult).reason);
  }

  async function close(closing: readonly ConsumerDefinition[], deadlineMs: number): Promise<void> {
    const subscriptions = closing.flatMap(({ name }) => open.get(name) ?? []);
    await Promise.all(subscriptions.map((subscription) => subscription.close(deadlineMs)));
    for (const { name } of closing) open.delete(name);
  }

  async function rest(deadlineMs: number): Promise<void> {
    clearInterval(timer);
    await Promise.all([parked?.stop(deadlineMs), close(groups, deadlineMs)]);
    parked = undefined;
  }

  return {
    names,
    environments,
    get retrying() {
      return parked?.active ?? 0;
    },
    get retryRounds() {
      return parked?.rounds ?? 0;
    },
    paused: (consumer) => paused.has(consumer),
    startInstances: () => openMissing(consumers.filter(isInstanceConsumer)),
    async start() {
      if (names.length > 0) paused = await door.transaction((tx) => listPaused(tx.db), { readOnly: true });
      await openMissing(consumers);
      if (names.length === 0) return;
      parked = startParkedLoop({ door, environments, pollMs: timing.parkedPollMs, claimMs: timing.claimMs, logger });
      const follow = (): void =>
        void followPaused().catch((error: unknown) =>
          logger.warn({ err: error }, 'states of consumers could not be read'),
        );
      timer = setInterval(follow, pausePollMs);
      timer.unref();
    },
    rest,
    async stop(deadlineMs) {
      await Promise.all([rest(deadlineMs), close(consumers.filter(isInstanceConsumer), deadlineMs)]);
      caughtUp.length = 0;
    },
    async ready() {
      await Promise.all(caughtUp);
    },
    async setPaused(consumer, value, actor) {
      if (!names.includes(consumer)) throw new EventConfigurationError(`no consumer ${consumer}`);
      await door.transaction((tx) => setPaused(tx.db, consumer, value, actor));
      await followPaused();
    },
  };
}

function partitionsOf({ topics }: RuntimeParts, consumer: ConsumerDefinition): number {
  const definitions = topics ?? Object.values(knownTopics);
  const read = topicsOfConsumer(consumer, topics);
  return definitions.filter(({ name }) => read.includes(name)).reduce((sum, { partitions }) => sum + partitions, 0);
}

/** A read model that begins after its topic did asks the owner for what it missed. */
function firstReadsOf(
  { door, database, logger, ...parts }: RuntimeParts,
  consumer: GroupConsumer,
  topics: readonly string[],
): FirstReads {
  const { name, clear } = consumer;
  const definitions = (parts.topics ?? Object.values(knownTopics)).filter(({ name: topic }) => topics.includes(topic));
  const whole = definitions.filter(({ cleanup, messages }) => cleanup === 'delete' && carriesState(messages));
  return createFirstReads({
    door,
    consumer: name,
    topics: new Set(clear === undefined ? [] : whole.map((topic) => topic.name)),
    async onTrimmed(topic) {
      logger.warn({ consumer: name, topic }, 'the beginning of a topic is gone: its owner is asked for snapshots');
      await database
        .tenant(platformTenantId)
        .write(async (tx) => requestSnapshots(tx as never, { topic, requestedBy: name }), {
          unaudited: 'a first read',
        });
    },
  });
}

function createEnvironment(
  parts: RuntimeParts,
  consumer: ChunkEnvironment['consumer'],
  onParked: (delayMs: number) => void,
): ChunkEnvironment {
  const { service, database, timing, failpoints, logger, random, now } = parts;
  const metrics = createConsumerMetrics(parts.metrics, now);
  return { service, database, consumer, timing, failpoints, metrics, logger, random, onParked, progress: new Map() };
}
