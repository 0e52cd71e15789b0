import { topicsOf } from '@idp/contracts';
import { kafkaSettings, prepareKafkaAcls, prepareKafkaTopics } from '@idp/events';
import type { AnyService } from '@idp/service';
import type { Logger } from '@idp/telemetry';
import type { HostConfig } from '../host/config.ts';

/** Makes and corrects the topics of these services on the brokers of `KAFKA_BROKERS`; without brokers it does nothing. */
export async function prepareFleetTopics(
  config: HostConfig,
  services: readonly AnyService[],
  logger: Logger,
): Promise<void> {
  const settings = kafkaSettings(config);
  if (settings === undefined) return;
  const topics = services.flatMap(({ name }) => topicsOf(name));
  const production = config.NODE_ENV === 'production';
  await prepareKafkaTopics({ settings, service: 'migrate', topics, create: true, production, logger });
}

/** Gives these principals their rights on the brokers of `KAFKA_BROKERS`; without brokers it does nothing. */
export async function prepareFleetAcls(
  config: HostConfig,
  principals: readonly string[],
  logger: Logger,
): Promise<void> {
  const settings = kafkaSettings(config);
  if (settings === undefined) return;
  await prepareKafkaAcls({ settings, services: principals, logger });
}
