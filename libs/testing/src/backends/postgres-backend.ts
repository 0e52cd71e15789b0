import { dockerPostgres } from './docker-postgres.ts';
import { embeddedPostgres } from './embedded-postgres.ts';

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

/** No server of this kind could be had; `reasons` has one line for each way that was tried. */
export class BackendMissingError extends Error {
  override readonly name = 'BackendMissingError';
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(reasons.join('; '));
    this.reasons = reasons;
  }
}

/**
 * Takes the first PostgreSQL that can be had: the server of `TEST_DATABASE_URL`, a container, the npm package's programs.
 * An address that was given is used or fails: it is never replaced by something else. Throws BackendMissingError.
 */
export async function findPostgresBackend(env: NodeJS.ProcessEnv): Promise<PostgresBackend> {
  const url = env.TEST_DATABASE_URL;
  if (url !== undefined && url !== '') {
    return { adminUrl: url, source: 'TEST_DATABASE_URL', outlivesRun: true, stop: () => Promise.resolve() };
  }
  const reasons: string[] = [];
  for (const start of [dockerPostgres, embeddedPostgres]) {
    try {
      return await start(env);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new BackendMissingError(reasons);
}
