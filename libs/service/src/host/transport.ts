import type { Database } from '@idp/database';
import { createKafkaTransport, createPostgresTransport, prepareKafkaTopics, type EventTransport } from '@idp/events';
import type { Telemetry } from '@idp/telemetry';
import type { HostResources } from './resources.ts';

/** What carries the events of a service: Kafka where the host names brokers, else the bus in PostgreSQL. */
export async function openTransport(
  service: string,
  { kafka, transportWake: wake, environment }: HostResources,
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  { database, telemetry: { logger, metrics } }: { database: Database<any>; telemetry: Telemetry },
): Promise<EventTransport> {
  if (kafka === undefined) return createPostgresTransport({ database, wake, logger });
  await prepareKafkaTopics({
    settings: kafka,
    service,
    // In production topics are made by `npm run migrate` alone.
    create: environment !== 'production',
    production: environment === 'production',
    logger,
  });
  return createKafkaTransport({ settings: kafka, service, logger, metrics });
}
