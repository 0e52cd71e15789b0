import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, stopAbandonedRedis } from '@idp/tools';
import { removeAbandoned } from './abandoned.ts';
import { firstBackend, type Backend } from './backend.ts';
import { containers, engineFailed } from './docker.ts';

const image = 'redis:7-alpine';
const port = 6379;
const prefix = 'idp-test-redis-';

/**
 * Takes the first Redis that can be had: the server of `REDIS_URL`, a container, `redis-server` of `PATH`. An address that was
 * given is never replaced by something else. Throws BackendMissingError.
 */
export async function findRedisBackend(env: NodeJS.ProcessEnv): Promise<Backend> {
  const given = env.REDIS_URL;
  if (given !== undefined && given !== '')
    return { address: given, source: 'REDIS_URL', stop: () => Promise.resolve() };
  return firstBackend([dockerRedis, localRedis], env);
}

async function dockerRedis(env: NodeJS.ProcessEnv): Promise<Backend> {
  const { GenericContainer, Wait } = await containers(env);
  const container = await new GenericContainer(image)
    .withCommand(['redis-server', '--save', '', '--appendonly', 'no'])
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start()
    .catch(engineFailed);
  const address = `redis://${container.getHost()}:${container.getMappedPort(port)}`;
  return { address, source: `Docker (${image})`, stop: async () => void (await container.stop()) };
}

async function localRedis(): Promise<Backend> {
  await removeAbandoned(prefix, stopAbandonedRedis);
  const directory = await mkdtemp(join(tmpdir(), prefix));
  const server = await startRedis({ directory });
  return {
    address: server.url,
    source: `redis-server ${server.version}`,
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
