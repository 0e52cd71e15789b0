import pg from 'pg';
import { expect } from 'vitest';
import type { RunningAuth } from './running-auth.ts';

/** Runs `start` and lets what it started go on only once that many transactions wait for the row of the tenant. */
export async function untilAllWait<T>(
  { database, sql }: Pick<RunningAuth, 'database' | 'sql'>,
  { tenantId, count }: { tenantId: string; count: number },
  start: () => Promise<T>,
): Promise<T> {
  const holder = new pg.Client({ connectionString: database.adminUrl });
  await holder.connect();
  try {
    await holder.query('begin');
    await holder.query('select id from auth.tenants where id = $1 for update', [tenantId]);
    const started = start();
    const waiting = async (): Promise<number> => {
      const { rows } = await sql.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows[0]!.n;
    };
    await expect.poll(waiting, { timeout: 60_000 }).toBe(count);
    await holder.query('commit');
    return await started;
  } finally {
    await holder.end();
  }
}
