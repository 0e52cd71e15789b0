import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@idp/contracts';
import {
  createEventRuntime,
  createKafkaTransport,
  createPostgresTransport,
  createWakeSignal,
  kafkaSettings,
  prepareKafkaTopics,
  publish,
  type ConsumerDefinition,
  type EventRuntime,
  type EventTransport,
} from '@idp/events';
import { startKafka, startPostgres, type KafkaServer } from '@idp/tools';
import {
  openService,
  prepare,
  producer,
  reader,
  topicsWithReaders,
  type ServiceHandle,
} from '../../../libs/events/test/bench-database.ts';

export type Carrier = 'kafka' | 'postgres';

/** A producing and a consuming service on servers of their own. */
export interface Stage extends AsyncDisposable {
  brokers: string[];
  kafka: KafkaServer;
  producer: ServiceHandle;
  reader: ServiceHandle;
  /** Starts a service's relay and consumers. Both services of a process share one wake signal. */
  run(
    carrier: Carrier,
    service: ServiceHandle,
    consumers: readonly ConsumerDefinition[],
    observer?: ChunkObserver,
  ): Promise<Running>;
}

export interface ChunkObserver {
  onBegin?(): void;
  /** The effects of these events are committed. */
  onCommitted?(ids: readonly string[]): void;
}

export interface Running extends AsyncDisposable {
  runtime: EventRuntime;
  transport: EventTransport;
}

export const consumerName = 'reader.probe';
export const eventType = 'idp.catalog.v1.EntityUpdated';
export const topic = 'idp.catalog.entity.v1';

export async function openStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-events-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const postgres = await startPostgres({ directory: join(directory, 'postgres') });
  stack.defer(() => postgres.stop());
  const kafka = await startKafka({ directory: join(directory, 'kafka') });
  stack.defer(() => kafka.stop());
  const address = { adminUrl: postgres.adminUrl, prefix: 'bench_' };
  const topics = topicsWithReaders(consumerName);
  await prepare(address, topics);
  const brokers = kafka.bootstrapServers;
  const settings = kafkaSettings({
    KAFKA_BROKERS: brokers,
    KAFKA_SSL: false,
    EVENTS_PARTITIONS_CONCURRENT: 4,
    NODE_ENV: 'test',
  })!;
  const wake = createWakeSignal();
  const open = (name: string): ServiceHandle => {
    const service = openService(name, address, 'production');
    stack.defer(() => service.database[Symbol.asyncDispose]());
    return service;
  };
  const services = { producer: open(producer), reader: open(reader) };
  const { logger } = services.producer;
  await prepareKafkaTopics({ settings, service: 'bench', topics, create: true, production: false, logger });
  return {
    brokers,
    kafka,
    ...services,
    async run(carrier, { service, database, logger: log, metrics }, consumers, observer = {}) {
      const carrying =
        carrier === 'kafka'
          ? createKafkaTransport({ settings, service, logger: log, metrics })
          : createPostgresTransport({ database, wake, logger: log });
      const transport = observed(carrying, observer);
      const own = { service, database, transport, wake, consumers, metrics, logger: log, topics };
      const runtime = createEventRuntime({ ...own, env: {} });
      await runtime.start();
      return {
        runtime,
        transport,
        async [Symbol.asyncDispose]() {
          await runtime.stop(5_000);
          await transport.close();
        },
      };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function observed(transport: EventTransport, { onBegin, onCommitted }: ChunkObserver): EventTransport {
  return {
    ...transport,
    subscribe: (subscription) =>
      transport.subscribe({
        ...subscription,
        async onChunk(chunk) {
          onBegin?.();
          await subscription.onChunk(chunk);
          onCommitted?.(chunk.records.map(({ headers }) => headers['ce_id']!));
        },
      }),
  };
}

/** About the size of a small entity. */
const description = 'x'.repeat(240);

/** Commits events of new aggregates, a hundred a transaction; their values are about 300 bytes. */
export async function fillOutbox(service: ServiceHandle, count: number, tenants: readonly string[]): Promise<void> {
  for (let done = 0; done < count; done += 100) {
    await commitEvents(service, tenants[(done / 100) % tenants.length]!, Math.min(100, count - done));
  }
}

export async function commitEvents(service: ServiceHandle, tenantId: string, count: number): Promise<string[]> {
  return service.database.tenant(tenantId).write(
    async (tx) => {
      const ids: string[] = [];
      for (let n = 0; n < count; n += 1) {
        const uid = newId();
        const data = { uid, name: description, revision: 1n };
        ids.push(publish(tx, { type: eventType, aggregateId: uid, version: 1, data }));
      }
      return ids;
    },
    { unaudited: 'bench' },
  );
}

export const tenantsOf = (count: number): string[] => Array.from({ length: count }, newId);

/** Seconds and CPU time of this process that `work` takes. */
export async function timed(work: () => Promise<void>): Promise<{ seconds: number; cpuMicros: number }> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  return { seconds, cpuMicros: used.user + used.system };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
