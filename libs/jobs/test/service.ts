import { createHmac } from 'node:crypto';
import pg from 'pg';
import {
  bootstrapRoles,
  createDatabase,
  databaseMigrations,
  migrate,
  serviceRoles,
  type Database,
} from '@idp/database';
// oxlint-disable-next-line no-restricted-imports -- what the runtime works on is looked at through it
import { platformDoor } from '@idp/database';
import { createTelemetry, type Logger, type Metrics } from '@idp/telemetry';
import { jobsMigrations } from '../src/index.ts';
import type { PlatformDoor } from '@idp/database';

/** Tables of the probe, as its handlers see them. */
export interface ProbeTables {
  effects: { tenant_id: string; job: string; label: string; worker: string; started_at: string; at: string };
}

/** How another process reaches the same database. */
export interface Address {
  adminUrl: string;
  prefix: string;
}

export interface ServiceHandle {
  database: Database<ProbeTables>;
  metrics: Metrics;
  logger: Logger;
}

export const service = 'probe';
const effects = { component: 'effects', directory: new URL('./migrations/', import.meta.url) };

/** Roles and schema of the probe in an empty database. */
export async function prepare({ adminUrl, prefix }: Address): Promise<void> {
  await bootstrapRoles({ adminUrl, services: [service], prefix, passwords: passwordOf });
  await migrate({ url: adminUrl, service, prefix, sources: [databaseMigrations, jobsMigrations, effects] });
}

/** The probe as it would run: its own roles, quiet logs. */
export function openService({ adminUrl, prefix }: Address, environment: 'test' | 'production' = 'test'): ServiceHandle {
  const destination = { write: (line: string) => void (process.env['LOG_LEVEL'] && process.stderr.write(line)) };
  const level = process.env['LOG_LEVEL'] ?? 'fatal';
  const { logger, metrics } = createTelemetry({ service, version: 'test', level, destination });
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
  return { database, metrics, logger };
}

export function openDoor({ database }: ServiceHandle): PlatformDoor {
  return platformDoor<never>(database as unknown as Database<never>);
}

/** A direct connection, for what no service may do. */
export async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

function loginUrl(adminUrl: string, role: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = passwordOf(role);
  return url.href;
}

/** The same for a role in every process. */
function passwordOf(role: string): string {
  return createHmac('sha256', 'jobs tests').update(role).digest('base64url');
}
