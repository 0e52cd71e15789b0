import { sql } from 'kysely';
import { newId, type TopicDefinition } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { emptyDatabase } from '@idp/testing';
import {
  createEventRuntime,
  createWakeSignal,
  publish,
  type ConsumerDefinition,
  type ConsumerTiming,
  type EventRuntime,
  type EventTransport,
} from '../src/index.ts';
import {
  connect,
  openService,
  prepare,
  producer,
  reader,
  topicsWithReaders,
  type Address,
  type ProbeTables,
  type ServiceHandle,
} from './bench-database.ts';
import { busCarrier } from './carriers/bus.ts';
import type { Carrier } from './carriers/carrier.ts';
import { kafkaCarrier } from './carriers/kafka.ts';
import { quickTiming } from './timing.ts';
import { until } from './until.ts';

export { recordEffect } from './record-effect.ts';
export { quickTiming } from './timing.ts';
export { until } from './until.ts';

export interface Probe extends AsyncDisposable {
  address: Address;
  topics: readonly TopicDefinition[];
  carrier: Carrier;
  producer: ServiceHandle;
  reader: ServiceHandle;
  /** Empties every table, as if nothing had happened. Nothing may run. */
  reset(): Promise<void>;
}

/** A database with a producing and a consuming service, whose events the PostgreSQL bus carries. */
export function openProbe(...consumers: string[]): Promise<Probe> {
  return open(consumers, async (address, topics) => busCarrier(address, topics));
}

/** The same with Kafka between them. `brokers`: of `testKafka`. */
export function openKafkaProbe(brokers: string, ...consumers: string[]): Promise<Probe> {
  return open(consumers, () => kafkaCarrier(brokers));
}

async function open(
  consumers: readonly string[],
  createCarrier: (address: Address, topics: readonly TopicDefinition[]) => Promise<Carrier>,
): Promise<Probe> {
  const empty = await emptyDatabase();
  // Roles belong to the whole server: under a prefix of their own nobody else sets their passwords.
  const address = { adminUrl: empty.adminUrl, prefix: `${empty.prefix}events_` };
  const topics = topicsWithReaders(...consumers);
  await prepare(address, topics);
  const carrier = await createCarrier(address, topics);
  const services = { producer: openService(producer, address), reader: openService(reader, address) };
  return {
    address,
    topics,
    carrier,
    ...services,
    async reset() {
      await emptyTables(address);
      await carrier.reset();
    },
    async [Symbol.asyncDispose]() {
      await carrier[Symbol.asyncDispose]();
      await services.producer.database[Symbol.asyncDispose]();
      await services.reader.database[Symbol.asyncDispose]();
      await empty[Symbol.asyncDispose]();
    },
  };
}

const tables = [
  'outbox',
  'outbox_refused',
  'inbox',
  'stream_cursors',
  'parked_events',
  'dead_letters',
  'partition_starts',
  'consumer_states',
  'first_reads',
];
const probeTables = ['aggregates', 'effects', 'projection'];

async function emptyTables({ adminUrl }: Address): Promise<void> {
  await using client = await connect(adminUrl);
  const names = [producer, reader].flatMap((service) =>
    [...tables, ...probeTables].map((table) => `${service}.${table}`),
  );
  await client.query(`truncate ${names.join()}`);
}

export interface Running extends AsyncDisposable {
  producing: EventRuntime;
  consuming: EventRuntime;
  transport: EventTransport;
  drain(): Promise<void>;
}

export interface RunOptions {
  consumers: readonly ConsumerDefinition[];
  timing?: Partial<ConsumerTiming>;
  env?: Record<string, string>;
}

/** Both services running as in one process, with one wake signal. */
export async function run(probe: Probe, { consumers, timing, env = {} }: RunOptions): Promise<Running> {
  const wake = createWakeSignal();
  const runtimeOf = (handle: ServiceHandle, list: readonly ConsumerDefinition[]) => {
    const { service, database, logger, metrics } = handle;
    const transport = probe.carrier.open(handle, wake);
    const runtime = createEventRuntime({
      service,
      database,
      transport,
      wake,
      consumers: list,
      metrics,
      logger,
      env,
      topics: probe.topics,
      timing: { ...quickTiming, ...timing },
    });
    return { transport, runtime };
  };
  const producing = runtimeOf(probe.producer, []);
  const consuming = runtimeOf(probe.reader, consumers);
  await producing.runtime.start();
  await consuming.runtime.start();
  return {
    producing: producing.runtime,
    consuming: consuming.runtime,
    transport: consuming.transport,
    async drain() {
      await until(async () => (await producing.runtime.drained()) && (await consuming.runtime.drained()));
    },
    async [Symbol.asyncDispose]() {
      for (const { runtime, transport } of [consuming, producing]) {
        await runtime.stop(5_000);
        await transport.close();
      }
    },
  };
}

/** Changes an aggregate as a service does: its row gives the version, the event leaves with the commit. */
export async function change(tx: Tx<ProbeTables>, id: string, name = id): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    insert into aggregates (id) values (${id})
    on conflict (tenant_id, id) do update set version = aggregates.version + 1 returning version`.execute(tx.db);
  const { version } = rows[0]!;
  publish(tx, {
    type: 'idp.catalog.v1.EntityUpdated',
    aggregateId: id,
    version,
    data: { uid: id, name, revision: BigInt(version) },
  });
  return version;
}

/** One change of one aggregate in a transaction of its own. */
export function changeOne(
  { producer: service }: Pick<Probe, 'producer'>,
  tenantId: string,
  id: string,
  name?: string,
): Promise<number> {
  return service.database.tenant(tenantId).write((tx) => change(tx, id, name), { unaudited: 'test' });
}

export interface Effect {
  event_id: string;
  aggregate_id: string;
  version: number | null;
}

/** Effects of a tenant in the order they happened. */
export function listEffects(
  { reader: service }: Pick<Probe, 'reader'>,
  tenantId: string,
  consumer: string,
): Promise<Effect[]> {
  return service.database
    .tenant(tenantId)
    .read((tx) =>
      tx.db
        .selectFrom('effects')
        .select(['event_id', 'aggregate_id', 'version'])
        .where('consumer', '=', consumer)
        .orderBy('no')
        .execute(),
    );
}

export function versionsOf(effects: readonly Effect[], aggregateId: string): (number | null)[] {
  return effects.filter((effect) => effect.aggregate_id === aggregateId).map((effect) => effect.version);
}

export const newTenant = newId;
