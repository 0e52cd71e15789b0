import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  bootstrapRoles,
  createDatabase,
  databaseMigrations,
  migrate,
  serviceRoles,
  type Database,
} from '@idp/database';
import { eventsMigrations } from '@idp/events';
import { secretsMigrations } from '@idp/secrets';
import { createTelemetry } from '@idp/telemetry';
import { freePort, startPostgres } from '@idp/tools';
import { probeMigrations, type ProbeTables } from '../../../libs/database/test/probe.ts';

/** Connections of each side. */
export const connections = 8;
export const tenantId = '00000000-0000-7000-8000-00000000000a';
export const service = 'catalog';
const prefix = 'bench_';
const host = '127.0.0.1';

/** The table `things` with its row security, outbox and audit log, on a server of its own. */
export interface Stage extends AsyncDisposable {
  /** Ours, as it runs in production. */
  database: Database<ProbeTables>;
  /** Plain connections of the same role, for what is written by hand. */
  pool: pg.Pool;
  /** Plain connections that no row security holds back. */
  admin: pg.Pool;
}

export async function openStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-data-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const port = await freePort();
  const server = await startPostgres({ directory, port, settings: { listen_addresses: host } });
  stack.defer(() => server.stop());
  // Over TCP, as every service reaches its server: a round trip through a socket file costs half.
  const url = new URL(server.adminUrl);
  url.searchParams.delete('host');
  url.hostname = host;
  const adminUrl = url.href;
  await bootstrapRoles({ adminUrl, services: [service], prefix, passwords });
  const sources = [databaseMigrations, secretsMigrations, eventsMigrations, probeMigrations];
  await migrate({ url: adminUrl, service, prefix, sources });
  const roles = serviceRoles(service, prefix);
  url.username = roles.app;
  url.password = passwords(roles.app);
  const { logger, metrics } = createTelemetry({ service, version: '1', level: 'silent' });
  const database = createDatabase<ProbeTables>({
    service,
    url: url.href,
    poolMax: connections,
    cursorKey: Buffer.alloc(32, 1),
    metrics,
    logger,
    environment: 'production',
  });
  stack.defer(() => database[Symbol.asyncDispose]());
  const poolOf = (connectionString: string): pg.Pool => {
    const options = `-c search_path=${roles.schema}`;
    const pool = new pg.Pool({ connectionString, max: connections, options });
    stack.defer(() => pool.end());
    return pool;
  };
  return {
    database,
    pool: poolOf(url.href),
    admin: poolOf(adminUrl),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Fills `things` of the tenant with numbered rows; returns the id of each, in the order of creation. */
export async function fillThings({ admin }: Stage, count: number): Promise<string[]> {
  const { rows } = await admin.query<{ id: string }>(
    `insert into things (tenant_id, id, name, created_at)
     select $1, gen_random_uuid(), 'thing ' || lpad(n::text, 9, '0'), now() - interval '1 day' + n * interval '1 millisecond'
     from generate_series(1, $2::int) n returning id`,
    [tenantId, count],
  );
  await admin.query('vacuum analyze things');
  await admin.query('checkpoint');
  return rows.map(({ id }) => id);
}

function passwords(role: string): string {
  return createHmac('sha256', 'bench').update(role).digest('base64url');
}
