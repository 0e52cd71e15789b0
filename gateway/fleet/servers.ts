import { join } from 'node:path';
import { startKafka, startRedis } from '@idp/tools';
import type { Logger } from '@idp/telemetry';
import type { HostConfig } from '../embedded/host/config.ts';
import type { Cleanup } from '../embedded/host/cleanup.ts';

/** Where the brokers and Redis are. */
export interface Servers {
  kafkaBrokers: string[];
  redisUrl: string;
}

/** Those the variables name, else ones started on 127.0.0.1 with their data in the state directory. */
export async function openServers(
  config: HostConfig,
  { directory, cleanup, log }: { directory: string; cleanup: Cleanup; log: Logger },
): Promise<Servers> {
  const [kafkaBrokers, redisUrl] = await Promise.all([
    config.KAFKA_BROKERS ?? ownKafka(join(directory, 'kafka'), cleanup, log),
    config.REDIS_URL ?? ownRedis(join(directory, 'redis'), cleanup, log),
  ]);
  return { kafkaBrokers, redisUrl };
}

async function ownKafka(directory: string, cleanup: Cleanup, log: Logger): Promise<string[]> {
  const server = await startKafka({ directory, onLog: (line) => log.debug({ component: 'kafka' }, line) });
  cleanup.add(() => server.stop());
  return server.bootstrapServers;
}

async function ownRedis(directory: string, cleanup: Cleanup, log: Logger): Promise<string> {
  const server = await startRedis({ directory, onLog: (line) => log.debug({ component: 'redis' }, line) });
  cleanup.add(() => server.stop());
  return server.url;
}
