import pg from 'pg';
import type { Stack } from './stack.ts';

/** A connection past every link, for as long as `fn` runs: a restart of the server in between does not reach it. */
export async function withAdmin<T>(stack: Pick<Stack, 'postgres'>, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: stack.postgres.adminUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
