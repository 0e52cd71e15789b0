import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { BackendMissingError, isRequired } from './backends/backend.ts';
import { findPostgresBackend, type PostgresBackend } from './backends/postgres-backend.ts';
import { removeRun } from './database/remove-run.ts';
import type { TestRun } from './database/test-run.ts';
import { serveOnDemand, type OnDemandServers } from './servers/on-demand.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: TestRun | null;
    /** Where `testKafka` and `testRedis` ask for their server. */
    servers: string;
  }
}

interface SharedServers {
  users: number;
  postgres: Promise<{ backend: PostgresBackend; run: TestRun }>;
  onDemand: Promise<OnDemandServers>;
}

/** Every project has a module graph of its own: the process is what they share. */
const registry = globalThis as { [key: symbol]: SharedServers | undefined };
const key = Symbol.for('idp.testing.servers');

/**
 * Gives the projects of one vitest run one PostgreSQL server and prints which, and Kafka and Redis to the files that ask. Without
 * a server its tests are skipped, loudly; with its name in `REQUIRE_BACKENDS` the run fails.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (registry[key] ??= { users: 0, postgres: start(), onDemand: serveOnDemand(process.env) });
  shared.users += 1;
  project.provide('servers', (await shared.onDemand).url);
  try {
    project.provide('postgres', (await shared.postgres).run);
  } catch (error) {
    if (!(error instanceof BackendMissingError) || isRequired('postgres', process.env)) throw error;
    process.stderr.write(`SKIPPED project=${project.name} backend=postgres reason=${error.message}\n`);
    project.provide('postgres', null);
  }
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    registry[key] = undefined;
    await Promise.all([stopPostgres(shared), shared.onDemand.then((servers) => servers.stop())]);
  };
}

async function start(): Promise<{ backend: PostgresBackend; run: TestRun }> {
  const backend = await findPostgresBackend(process.env);
  process.stdout.write(`tests use PostgreSQL from ${backend.source}\n`);
  return { backend, run: { adminUrl: backend.adminUrl, id: randomBytes(4).toString('hex') } };
}

async function stopPostgres({ postgres }: SharedServers): Promise<void> {
  const started = await postgres.catch(() => undefined);
  if (started === undefined) return;
  if (started.backend.outlivesRun) await removeRun(started.run);
  await started.backend.stop();
}
