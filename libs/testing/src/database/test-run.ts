import { createHmac } from 'node:crypto';
import { inject } from 'vitest';
import pg from 'pg';

/** What all test files of one run share. */
export interface TestRun {
  /** Superuser on database `postgres` of the run's server. */
  adminUrl: string;
  /** Part of every role and database name of the run, so that runs on one server do not meet. */
  id: string;
}

/** The run this test file belongs to. Throws outside a vitest project that has the global setup. */
export function currentRun(): TestRun {
  const run = inject('postgres');
  if (!run)
    throw new Error('no PostgreSQL in this vitest project: add libs/testing/src/global-setup.ts to its globalSetup');
  return run;
}

/** `DATABASE_ROLE_PREFIX` of the run. */
export function rolePrefix(run: TestRun): string {
  return `t${run.id}_`;
}

/** Start of the names of all databases of the run. */
export function databasePrefix(run: TestRun): string {
  return `test_${run.id}_`;
}

/** The password of a role, the same in every process of the run. */
export function rolePassword(run: TestRun, role: string): string {
  return createHmac('sha256', run.id).update(role).digest('base64url');
}

/** The URL with another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** Runs `fn` with a connection of its own, closed afterwards. */
export async function withClient<T>(url: string, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
