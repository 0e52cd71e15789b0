import type { Logger, Metrics } from '@idp/telemetry';
import { EventConfigurationError } from '../errors.ts';
import type { EventTransport, GroupSubscription, Subscription } from '../transport/transport.ts';
import { createKafkaClient } from './client.ts';
import { defaultSessionTiming, type SessionTiming } from './consuming/generation.ts';
import { openGroupReader } from './consuming/group-reader.ts';
import { openInstanceReader } from './consuming/instance-reader.ts';
import { createSlots } from './consuming/slots.ts';
import { classifyKafkaError, reasonOf } from './kafka-errors.ts';
import { createOffsetReader } from './offsets.ts';
import { createKafkaPublisher } from './publisher.ts';
import type { KafkaSettings } from './settings.ts';

export interface KafkaTransportOptions {
  settings: Omit<KafkaSettings, 'endpoints'>;
  /** Names the client and the groups of instance subscriptions. */
  service: string;
  logger: Logger;
  metrics: Metrics;
  /** Times that differ from the usual ones. */
  timing?: Partial<SessionTiming>;
}

/** Events over Kafka as one service sees it. Connects at first use. */
export function createKafkaTransport(options: KafkaTransportOptions): EventTransport {
  const { settings, service, logger, metrics } = options;
  const kafka = createKafkaClient(settings, service, logger);
  const publisher = createKafkaPublisher(kafka, settings);
  const offsets = createOffsetReader(kafka);
  const slots = createSlots(settings.partitionsConcurrent);
  const groups = new Map<string, GroupSubscription>();
  const open = new Set<Subscription>();
  const rebalances = metrics.counter('event_rebalances_total', 'New shares of the partitions of a group', ['consumer']);
  const pausedPartitions = metrics.gauge('event_paused_partitions', 'Partitions not fetched from', ['consumer']);
  const reader = {
    kafka,
    offsets,
    slots,
    timing: { ...defaultSessionTiming, ...options.timing },
    logger,
    service,
    onRebalance: (group: string) => rebalances.inc({ consumer: consumerOf(group) }),
    onPaused: (group: string, count: number) => pausedPartitions.set({ consumer: consumerOf(group) }, count),
  };

  function attach(subscription: Subscription, onClose: () => void): Subscription {
    const attached: Subscription = {
      pause: () => subscription.pause(),
      resume: () => subscription.resume(),
      async close(deadlineMs) {
        open.delete(attached);
        onClose();
        await subscription.close(deadlineMs);
      },
    };
    open.add(attached);
    return attached;
  }

  async function subscribeGroup(subscription: GroupSubscription): Promise<Subscription> {
    const { group } = subscription;
    if (groups.has(group)) throw new EventConfigurationError(`group ${group} is subscribed already`);
    groups.set(group, subscription);
    try {
      return attach(await configured(openGroupReader(reader, subscription)), () => groups.delete(group));
    } catch (error) {
      groups.delete(group);
      throw error;
    }
  }

  return {
    publish: (records, signal) => publisher.publish(records, signal),
    subscribe: async (subscription) =>
      subscription.mode === 'group'
        ? subscribeGroup(subscription)
        : attach(await configured(openInstanceReader(reader, subscription)), () => undefined),
    lag: (group) => offsets.lag(group, groups.get(group)),
    topics: () => offsets.ask((admin) => admin.listTopics()),
    async probe() {
      await offsets.ask((admin) => admin.describeCluster());
    },
    async close() {
      await Promise.all([...open].map((subscription) => subscription.close(0)));
      await Promise.all([publisher.close(), offsets.close()]);
    },
  };
}

function consumerOf(group: string): string {
  return group.replace(/^idp\./, '');
}

/** Missing topics and missing rights are mistakes of the deployment: the service must not start with them. */
async function configured<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (classifyKafkaError(error) !== 'unusable') throw error;
    throw new EventConfigurationError(reasonOf(error), { cause: error });
  }
}
