import pg from 'pg';
import { emptyDatabase } from '../database/empty-database.ts';
import type { EmptyDatabase } from '../database/empty-database.ts';
import { withConnection } from './sql.ts';

/** A copy of a database to break. Connections to the original are ended first: a template must have none. */
export async function copyDatabase(original: { adminUrl: string }): Promise<EmptyDatabase> {
  const name = new URL(original.adminUrl).pathname.slice(1);
  const server = new URL(original.adminUrl);
  server.pathname = '/postgres';
  await withConnection(server.href, (client) =>
    client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]),
  );
  return emptyDatabase({ template: pg.escapeIdentifier(name) });
}
