import { randomBytes } from 'node:crypto';
import { createDatabase } from '@idp/database';
import {
  createEventRuntime,
  createKafkaTransport,
  createPostgresTransport,
  prepareKafkaTopics,
  publish,
  type KafkaSettings,
  type PublishInput,
  type WakeSignal,
} from '@idp/events';
import { createTelemetry } from '@idp/telemetry';
import type { EventType } from '@idp/contracts';
import type { ServiceUrls } from '../database/test-database.ts';

/** Another service of the fleet as far as the bus is concerned: it runs as that service's role and writes to its topics. */
export interface TestProducer extends AsyncDisposable {
  /** Commits the event and resolves when it is on the bus. */
  emit<T extends EventType>(tenantId: string, event: PublishInput<T>): Promise<void>;
  /** The same for many, 500 in a transaction. */
  emitMany(tenantId: string, events: readonly PublishInput[]): Promise<void>;
}

const transactionMax = 500;

export interface TestProducerOptions {
  service: string;
  urls: ServiceUrls;
  wake: WakeSignal;
  /** Default: the bus in PostgreSQL. */
  kafka?: KafkaSettings | undefined;
}

export async function startTestProducer({ service, urls, wake, kafka }: TestProducerOptions): Promise<TestProducer> {
  const { logger, metrics } = createTelemetry({ service, version: 'test', level: 'silent' });
  const database = createDatabase<never>({
    service,
    url: urls.app,
    relayUrl: urls.relay,
    busUrl: urls.bus,
    cursorKey: randomBytes(32),
    metrics,
    logger,
    environment: 'test',
  });
  if (kafka !== undefined) {
    await prepareKafkaTopics({ settings: kafka, service, create: true, production: false, logger });
  }
  const transport =
    kafka === undefined
      ? createPostgresTransport({ database, wake, logger })
      : createKafkaTransport({ settings: kafka, service, logger, metrics });
  const events = createEventRuntime({ service, database, transport, wake, consumers: [], metrics, logger, env: {} });
  await events.start();
  return {
    async emit(tenantId, event) {
      await database.tenant(tenantId).write(async (tx) => void publish(tx, event), { unaudited: 'test event' });
      await events.drain();
    },
    async emitMany(tenantId, list) {
      for (let at = 0; at < list.length; at += transactionMax) {
        const some = list.slice(at, at + transactionMax);
        await database.tenant(tenantId).write(async (tx) => some.forEach((event) => publish(tx, event)), {
          unaudited: 'test events',
        });
      }
      await events.drain();
    },
    async [Symbol.asyncDispose]() {
      await events.stop(1000);
      await transport.close();
      await database[Symbol.asyncDispose]();
    },
  };
}
