import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { BackendMissingError, findPostgresBackend, type PostgresBackend } from './backends/postgres-backend.ts';
import { removeRun } from './database/remove-run.ts';
import type { TestRun } from './database/test-run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: TestRun | null;
  }
}

interface SharedServer {
  users: number;
  started: Promise<{ backend: PostgresBackend; run: TestRun }>;
}

/** Every project has a module graph of its own: the process is what they share. */
const registry = globalThis as { [key: symbol]: SharedServer | undefined };
const key = Symbol.for('idp.testing.postgres');

/**
 * Gives the projects of one vitest run one PostgreSQL server and prints which. Without a server its tests are skipped, loudly;
 * with `postgres` in `REQUIRE_BACKENDS` the run fails.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const shared = (registry[key] ??= { users: 0, started: start() });
  try {
    project.provide('postgres', (await shared.started).run);
  } catch (error) {
    if (!(error instanceof BackendMissingError) || requiredBackends().includes('postgres')) throw error;
    process.stderr.write(`SKIPPED project=${project.name} backend=postgres reason=${error.message}\n`);
    project.provide('postgres', null);
    return undefined;
  }
  shared.users += 1;
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    registry[key] = undefined;
    const { backend, run } = await shared.started;
    if (backend.outlivesRun) await removeRun(run);
    await backend.stop();
  };
}

async function start(): Promise<{ backend: PostgresBackend; run: TestRun }> {
  const backend = await findPostgresBackend(process.env);
  process.stdout.write(`tests use PostgreSQL from ${backend.source}\n`);
  return { backend, run: { adminUrl: backend.adminUrl, id: randomBytes(4).toString('hex') } };
}

function requiredBackends(): string[] {
  return (process.env.REQUIRE_BACKENDS ?? '').split(',').map((name) => name.trim());
}
