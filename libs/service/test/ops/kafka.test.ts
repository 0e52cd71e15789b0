import { kafkaSettings } from '@idp/events';
import { testKafka } from '@idp/testing';
import { startKafka, type KafkaServer } from '@idp/tools';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { ShakyOptions } from './shaky-service.ts';
import { bulkRedrive } from './suites/bulk-redrive.ts';
import { deadLetters } from './suites/dead-letters.ts';

// Skips the file where no Kafka can be had. Topics of a service have fixed names, so it gets brokers of its own.
await testKafka();

let directory: string;
let kafka: KafkaServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-service-kafka-'));
  kafka = await startKafka({ directory });
});
afterAll(async () => {
  await kafka.stop();
  await rm(directory, { recursive: true, force: true });
});

async function brokers(): Promise<ShakyOptions> {
  const variables = { KAFKA_BROKERS: kafka.bootstrapServers, KAFKA_SSL: false, EVENTS_PARTITIONS_CONCURRENT: 4 };
  return { kafka: kafkaSettings({ ...variables, NODE_ENV: 'test' })! };
}

deadLetters('Kafka', brokers);
bulkRedrive('Kafka', brokers);
