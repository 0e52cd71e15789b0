import { containers, engineFailed } from './docker.ts';
import type { PostgresBackend } from './postgres-backend.ts';

const image = 'postgres:18-alpine';
const port = 5432;

/** PostgreSQL in a container. Throws when no engine answers. */
export async function dockerPostgres(env: NodeJS.ProcessEnv): Promise<PostgresBackend> {
  const { GenericContainer, Wait } = await containers(env);
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: 'postgres' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=500'])
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start()
    .catch(engineFailed);
  const adminUrl = `postgresql://postgres:postgres@${container.getHost()}:${container.getMappedPort(port)}/postgres`;
  return { adminUrl, source: `Docker (${image})`, outlivesRun: false, stop: async () => void (await container.stop()) };
}
