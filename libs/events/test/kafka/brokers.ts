import type { TopicDefinition } from '@idp/contracts';
import { createTelemetry, type Logger, type Metrics } from '@idp/telemetry';
import { topicOf } from '../topics.ts';
import { kafkaSettings, prepareKafkaTopics, type KafkaSettings } from '../../src/index.ts';

/** Settings as a host reads them, for `host:port,…`. */
export function kafkaSettingsOf(brokers: string): KafkaSettings {
  const list = brokers.split(',');
  return kafkaSettings({
    KAFKA_BROKERS: list,
    KAFKA_SSL: false,
    EVENTS_PARTITIONS_CONCURRENT: 4,
    NODE_ENV: 'test',
  })!;
}

export function quietTelemetry(): { logger: Logger; metrics: Metrics } {
  const { logger, metrics } = createTelemetry({
    service: 'events',
    version: 'test',
    level: 'fatal',
    destination: process.stderr,
  });
  return { logger, metrics };
}

export async function makeTopic(
  settings: KafkaSettings,
  name: string,
  more: Partial<TopicDefinition> = {},
): Promise<void> {
  const { logger } = quietTelemetry();
  const topics = [topicOf(name, more)];
  await prepareKafkaTopics({ settings, service: 'contract', topics, create: true, production: false, logger });
}
