import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopAbandonedKafka, stopAbandonedPostgres, stopAbandonedRedis, stopMarked } from '@idp/tools';
import { startProgram, type ChildProgram } from './child-program.ts';

const main = fileURLToPath(new URL('../../fleet/main.ts', import.meta.url));

/** The line of `npm run fleet -- --json`. */
export interface FleetLine {
  gateway: string;
  databaseUrl: string;
  kafkaBrokers: string[];
  redisUrl: string;
  services: Record<string, { http: string; management: string }>;
}

/** `npm run fleet -- --json` as a child process, without the bootstrap. */
export interface FleetProcess extends FleetLine, ChildProgram {
  password: string;
  /** The process of a service, the edge included. */
  pidOf(service: string): number;
}

/** Starts the launcher on this data directory and waits for its line. */
export async function startFleetProcess(directory: string, env: Record<string, string> = {}): Promise<FleetProcess> {
  const program = startProgram(main, ['--json'], { IDP_DATA_DIR: directory, PORT: '0', ...env });
  await program.until('ready', () => program.stdout().includes('\n'));
  return {
    ...program,
    ...(JSON.parse(program.stdout()) as FleetLine),
    password: readFileSync(join(directory, 'secrets/admin-password'), 'utf8').trim(),
    pidOf: (service) => (JSON.parse(readFileSync(join(directory, 'run', service), 'utf8')) as { pid: number }).pid,
  };
}

/** Ends what a launcher that was killed has left behind. */
export async function stopAbandonedFleet(directory: string, services: readonly string[]): Promise<void> {
  for (const service of services) await stopMarked(join(directory, 'run', service));
  await stopMarked(join(directory, 'envoy/process'));
  await stopAbandonedKafka(join(directory, 'kafka'));
  await stopAbandonedRedis(join(directory, 'redis'));
  await stopAbandonedPostgres(directory);
}
