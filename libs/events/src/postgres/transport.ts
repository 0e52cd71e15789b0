import { busDoor, type Database } from '@idp/database';
import type { Logger } from '@idp/telemetry';
import { EventConfigurationError } from '../errors.ts';
import type { PlatformDoor } from '../platform-door.ts';
import { errorCodes } from '../sql-state.ts';
import type { EventTransport, GroupSubscription, InstanceSubscription, Subscription } from '../transport/transport.ts';
import { topicChannel, type WakeSignal } from '../transport/wake-signal.ts';
import { createGroupWorker } from './group-worker.ts';
import { openInstanceReader, type InstanceReader } from './instance-reader.ts';
import { startPoller, type Poller } from './poller.ts';
import { createPublisher } from './publisher.ts';
import { joinGroup, listLag, listPending } from './statements.ts';

export interface PostgresTransportOptions {
  // The transport uses the connections alone, never the tables.
  // oxlint-disable-next-line typescript/no-explicit-any
  database: Database<any>;
  wake: WakeSignal;
  logger: Logger;
  /** Partitions worked on at once; default 3. Each holds a connection of the bus pool, one of which stays for publishing. */
  concurrency?: number;
}

const concurrencyMax = 3;

/** The event bus on PostgreSQL (schema `bus`, see migrations-bus) as this service's app role sees it. */
export function createPostgresTransport(options: PostgresTransportOptions): EventTransport {
  const { database, wake, logger } = options;
  const door: PlatformDoor = busDoor<never>(database as Database<never>);
  const publisher = createPublisher({ door, wake });
  const concurrency = Math.min(options.concurrency ?? concurrencyMax, concurrencyMax);
  const worker = createGroupWorker({ door, concurrency, logger });
  const readers = new Set<InstanceReader>();
  const open = new Set<Subscription>();
  let poller: Poller | undefined;

  async function look(): Promise<boolean> {
    const groups = worker.groups();
    const behind =
      groups.length === 0 ? [] : await door.transaction((tx) => listPending(tx.db, groups), { readOnly: true });
    for (const group of behind) worker.wake(group);
    let found = behind.length > 0;
    for (const reader of readers) found = (await reader.read()) || found;
    return found;
  }

  /** Ties a subscription to the wake signal of its topics and to the life of the transport. */
  function attach(topics: readonly string[], onWake: () => void, subscription: Subscription): Subscription {
    const silence = topics.map((topic) =>
      wake.listen(topicChannel(topic), () => {
        poller?.hurry();
        onWake();
      }),
    );
    poller ??= startPoller({ look, logger });
    const attached: Subscription = {
      pause: () => subscription.pause(),
      resume() {
        subscription.resume();
        onWake();
      },
      async close(deadlineMs) {
        open.delete(attached);
        for (const stop of silence) stop();
        await subscription.close(deadlineMs);
      },
    };
    open.add(attached);
    return attached;
  }

  async function subscribeGroup(subscription: GroupSubscription): Promise<Subscription> {
    const { group, topics, from } = subscription;
    if (worker.groups().includes(group)) throw new EventConfigurationError(`group ${group} is subscribed already`);
    await configured(door.transaction((tx) => joinGroup(tx.db, group, topics, from)));
    return attach(topics, () => worker.wake(group), worker.add(subscription));
  }

  async function subscribeInstance(subscription: InstanceSubscription): Promise<Subscription> {
    const reader = await configured(openInstanceReader({ door, subscription, logger }));
    readers.add(reader);
    const read = (): void => {
      reader
        .read()
        .catch((error: unknown) => logger.warn({ err: error, topics: reader.topics }, 'a topic could not be read'));
    };
    const attached = attach(reader.topics, read, {
      pause: () => reader.pause(),
      resume: () => reader.resume(),
      async close(deadlineMs) {
        readers.delete(reader);
        await reader.close(deadlineMs);
      },
    });
    read();
    return attached;
  }

  return {
    publish: (records, signal) => publisher.publish(records, signal),
    topics: () => publisher.topics(),
    subscribe: (subscription) =>
      subscription.mode === 'group' ? subscribeGroup(subscription) : subscribeInstance(subscription),
    async lag(group) {
      const rows = await door.transaction((tx) => listLag(tx.db, group), { readOnly: true });
      return rows.map((row) => ({ group, ...row }));
    },
    async close() {
      await poller?.stop();
      await Promise.all([...open].map((subscription) => subscription.close(0)));
    },
  };
}

/** Missing topics and missing rights are mistakes of the deployment: the service must not start with them. */
async function configured<T>(joining: Promise<T>): Promise<T> {
  try {
    return await joining;
  } catch (error) {
    if (!errorCodes(error).some((code) => code.startsWith('UB'))) throw error;
    throw new EventConfigurationError((error as Error).message, { cause: error });
  }
}
