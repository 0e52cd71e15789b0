import type { TopicDefinition } from '@idp/contracts';
import type { Logger, Metrics } from '@idp/telemetry';
import { createConsumerMetrics } from '../consumer/consumer-metrics.ts';
import type { InstanceConsumer } from '../consumer/define-consumer.ts';
import { openInstanceConsumer } from '../consumer/instance-consumer.ts';
import { defaultTiming } from '../consumer/timing.ts';
import type { EventTransport, Subscription } from '../transport/transport.ts';
import { topicsOfConsumer } from './consumer-topics.ts';

/** What one instance consumer needs; no database. */
export interface InstanceParts {
  service: string;
  transport: EventTransport;
  metrics: Metrics;
  logger: Logger;
  topics?: readonly TopicDefinition[] | undefined;
  /** Milliseconds a handler may take. */
  handlerMs?: number;
}

/** Opens one; `onCaughtUp` is called when it has read what lay in its topics. */
export function openInstance(
  { service, transport, metrics, logger, topics, handlerMs = defaultTiming.handlerMs }: InstanceParts,
  consumer: InstanceConsumer,
  onCaughtUp: () => void,
): Promise<Subscription> {
  return openInstanceConsumer({
    service,
    transport,
    consumer,
    topics: topicsOfConsumer(consumer, topics),
    handlerMs,
    metrics: createConsumerMetrics(metrics, Date.now),
    logger,
    onCaughtUp,
  });
}

/** Instance consumers of a process without a database. */
export interface OpenInstances {
  /** Resolves when those that begin at the start have read everything that lay in their topics. */
  ready: Promise<void>;
  close(deadlineMs: number): Promise<void>;
}

/** Opens them side by side. Rejects with EventConfigurationError for what cannot work; what was opened is closed then. */
export async function openInstances(
  parts: InstanceParts,
  consumers: readonly InstanceConsumer[],
): Promise<OpenInstances> {
  const caughtUp = consumers.map(() => Promise.withResolvers<void>());
  const opening = await Promise.allSettled(
    consumers.map((consumer, index) => openInstance(parts, consumer, caughtUp[index]!.resolve)),
  );
  const opened = opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const close = async (deadlineMs: number): Promise<void> => {
    await Promise.all(opened.map((subscription) => subscription.close(deadlineMs)));
  };
  const failed = opening.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await close(0);
    throw failed.reason;
  }
  const fromStart = consumers.flatMap(({ from }, index) => (from === 'start' ? [caughtUp[index]!.promise] : []));
  const ready = Promise.all(fromStart);
  return { ready: ready.then(() => undefined), close };
}
