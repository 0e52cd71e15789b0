import { existsSync } from 'node:fs';
import type { PostgresBackend } from './postgres-backend.ts';

const image = 'postgres:18-alpine';
const port = 5432;

/** PostgreSQL in a container. Throws when no engine answers. */
export async function dockerPostgres(env: NodeJS.ProcessEnv): Promise<PostgresBackend> {
  if (env.DOCKER_HOST === undefined && !existsSync('/var/run/docker.sock'))
    throw new Error('Docker: no engine on this machine');
  // Costs 0.7 s and 100 MB, so only where an engine may be.
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: 'postgres' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=500'])
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start()
    .catch((cause: Error) => {
      throw new Error(`Docker: ${cause.message}`, { cause });
    });
  const adminUrl = `postgresql://postgres:postgres@${container.getHost()}:${container.getMappedPort(port)}/postgres`;
  return { adminUrl, source: `Docker (${image})`, outlivesRun: false, stop: async () => void (await container.stop()) };
}
