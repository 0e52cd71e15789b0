import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { preparePrivateFolder } from '../private-folder.ts';
import { runProgram } from '../process.ts';
import { createServerProcess, type ServerProcess } from '../server-process.ts';
import { ToolError, lastLine } from '../tool-error.ts';
import { findEnvoy, type EnvoyBinary } from './binary.ts';

export interface EnvoyOptions {
  /** Working directory; made when absent. */
  directory: string;
  /** Path of the bootstrap file. */
  config: string;
  /** Port of the admin interface on 127.0.0.1, as the bootstrap file says. */
  adminPort: number;
  binary?: EnvoyBinary;
  /** Threads that serve requests. Default: 2. */
  concurrency?: number;
  /** Gets every line: Envoy's own on stderr, the access log's on stdout. */
  onLog?: (line: string) => void;
}

export interface EnvoyServer extends ServerProcess {
  /** `http://127.0.0.1:<adminPort>`. */
  adminUrl: string;
  version: string;
}

const readyTimeoutMs = 60_000;

/**
 * Starts Envoy with this bootstrap file; resolves when its workers accept connections. Throws ToolError with Envoy's own sentence
 * for a configuration it refuses.
 */
export async function startEnvoy(options: EnvoyOptions): Promise<EnvoyServer> {
  const binary = options.binary ?? (await findEnvoy());
  const directory = resolve(options.directory);
  await preparePrivateFolder(directory);
  const adminUrl = `http://127.0.0.1:${options.adminPort}`;
  const envoy = createServerProcess({
    name: 'Envoy',
    markFile: join(directory, 'process'),
    directory,
    ready: 'starting main dispatch loop',
    readyTimeoutMs,
    stopTimeoutMs: 5_000,
    onLog: options.onLog,
    command: () => ({ program: binary.program, args: flags(options) }),
  });
  const { start } = envoy;
  const server = Object.assign(envoy, {
    adminUrl,
    version: binary.version,
    async start() {
      await start();
      await untilServing(adminUrl).catch((error: unknown) => envoy.kill().then(() => Promise.reject(error)));
    },
  });
  await server.start();
  return server;
}

/** Asks Envoy whether it would start with this file. Throws ToolError with its sentence where it would not. */
export async function validateEnvoy(config: string, binary?: EnvoyBinary): Promise<void> {
  const { program } = binary ?? (await findEnvoy());
  const { code, output } = await runProgram(program, ['--mode', 'validate', '-c', config, '-l', 'error']);
  if (code !== 0) throw new ToolError(`Envoy refuses ${config}: ${lastLine(output)}`);
}

/** Two Envoys of one machine share nothing; lines of the access log come out at once and not every ten seconds. */
function flags({ config, concurrency = 2 }: EnvoyOptions): string[] {
  const log = ['--log-level', 'warning', '--component-log-level', 'main:info', '--file-flush-interval-msec', '50'];
  return ['-c', resolve(config), '--concurrency', String(concurrency), '--disable-hot-restart', ...log];
}

/** Clusters are checked and listeners filled after the main loop has begun. */
async function untilServing(adminUrl: string): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  while (performance.now() < deadline) {
    if (await isServing(adminUrl)) return;
    await delay(20);
  }
  throw new ToolError(`Envoy did not start: not ready after ${readyTimeoutMs / 1000} s`);
}

async function isServing(adminUrl: string): Promise<boolean> {
  const signal = AbortSignal.timeout(2_000);
  try {
    const ready = await fetch(`${adminUrl}/ready`, { signal });
    await ready.body?.cancel();
    if (!ready.ok) return false;
    const stats = await fetch(`${adminUrl}/stats?filter=^listener_manager.workers_started$`, { signal });
    return (await stats.text()).trim().endsWith(': 1');
  } catch {
    return false;
  }
}
