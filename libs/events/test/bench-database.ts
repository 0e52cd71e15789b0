import { topicsOf, type TopicDefinition } from '@idp/contracts';
import {
  bootstrapRoles,
  createDatabase,
  databaseMigrations,
  migrate,
  serviceRoles,
  type Database,
} from '@idp/database';
// oxlint-disable-next-line no-restricted-imports -- the relay itself is tested through it
import { platformDoor } from '@idp/database';
import { createTelemetry, type Logger, type Metrics } from '@idp/telemetry';
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { bootstrapBus } from '../src/postgres/bootstrap-bus.ts';
import { eventsMigrations } from '../src/migrations.ts';
import type { PlatformDoor } from '../src/platform-door.ts';

/** Tables of the probe; every service of a test has them. */
export interface ProbeTables {
  aggregates: { tenant_id: string; id: string; version: number };
  effects: {
    tenant_id: string;
    no: number;
    consumer: string;
    event_id: string;
    aggregate_id: string;
    version: number | null;
  };
  projection: {
    tenant_id: string;
    id: string;
    version: number;
    name: string | null;
    labels: unknown;
    deleted_at: string | null;
  };
}

export interface ServiceHandle {
  service: string;
  database: Database<ProbeTables>;
  metrics: Metrics;
  logger: Logger;
}

/** How another process reaches the same database. */
export interface Address {
  adminUrl: string;
  prefix: string;
}

const probe = { component: 'probe', directory: new URL('./migrations/', import.meta.url) };

/** The producer of the tests; its topics are those of the catalog. */
export const producer = 'catalog';
/** The service that consumes. */
export const reader = 'reader';

/** The catalog's topics with these consumers as their readers. */
export function topicsWithReaders(...consumers: string[]): TopicDefinition[] {
  return [...topicsOf(producer), ...topicsOf(reader)].map((topic) => ({ ...topic, readers: consumers }));
}

/** Roles, schemas and the bus, in an empty database. */
export async function prepare({ adminUrl, prefix }: Address, topics: readonly TopicDefinition[]): Promise<void> {
  const services = [producer, reader];
  await bootstrapRoles({ adminUrl, services, prefix, passwords: passwordOf });
  for (const service of services) {
    await migrate({ url: adminUrl, service, prefix, sources: [databaseMigrations, eventsMigrations, probe] });
  }
  await bootstrapBus({ adminUrl, prefix, services, topics });
}

/** A service as it would run: its own roles, quiet logs. Under `test` every commit is followed by a look for a tenant left behind. */
export function openService(
  service: string,
  { adminUrl, prefix }: Address,
  environment: 'test' | 'production' = 'test',
): ServiceHandle {
  const { logger, metrics } = createTelemetry({
    service,
    version: 'test',
    level: 'fatal',
    destination: process.stderr,
  });
  const roles = serviceRoles(service, prefix);
  const database = createDatabase<ProbeTables>({
    service,
    url: loginUrl(adminUrl, roles.app),
    relayUrl: loginUrl(adminUrl, roles.relay),
    cursorKey: Buffer.alloc(32, 1),
    metrics,
    logger,
    environment,
  });
  return { service, database, metrics, logger };
}

/** What the relay of a service works on. */
export function openRelayDoor({ database }: ServiceHandle): PlatformDoor {
  return platformDoor<never>(database as unknown as Database<never>);
}

/** A direct connection, for what no service may do. */
export async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

export function loginUrl(adminUrl: string, role: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = passwordOf(role);
  return url.href;
}

/** The same for a role in every process, and of one run only. */
function passwordOf(role: string): string {
  return createHmac('sha256', 'events tests').update(role).digest('base64url');
}
