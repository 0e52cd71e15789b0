import { join, resolve } from 'node:path';
import { freePort } from '../free-port.ts';
import { hasLiveOwner, takeOwnership } from '../owner-lock.ts';
import { preparePrivateFolder } from '../private-folder.ts';
import { runProgram } from '../process.ts';
import { createServerProcess, stopMarked, type ServerProcess } from '../server-process.ts';
import { ToolError } from '../tool-error.ts';

export interface RedisOptions {
  /** Working directory of the server; made when absent. */
  directory: string;
  /** Default: a free one. */
  port?: number;
  /** Settings over the defaults, e.g. `{ maxmemory: '16mb' }`. */
  settings?: Readonly<Record<string, string>>;
  /** Gets every line the server logs, one call a line. */
  onLog?: (line: string) => void;
}

export interface RedisServer extends ServerProcess {
  /** `redis://127.0.0.1:<port>`. */
  url: string;
  /** As the server tells it, `7.0.15`. */
  version: string;
}

/** Nothing is written to disk: a server that comes back is empty, the worst its clients have to bear. */
const defaultSettings = { save: '', appendonly: 'no', maxmemory: '64mb', 'maxmemory-policy': 'noeviction' };

/**
 * Starts the `redis-server` of `PATH` on 127.0.0.1, without persistence. Throws ToolError, one line to act on, for: no such
 * program, an unwritable or foreign directory, a second live instance, a server that does not come up.
 */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  const directory = resolve(options.directory);
  const version = await redisVersion();
  await preparePrivateFolder(directory);
  const port = options.port ?? (await freePort());
  const settings = Object.entries({ ...defaultSettings, ...options.settings });
  const flags = settings.flatMap(([name, value]) => [`--${name}`, value]);
  const process = createServerProcess({
    name: 'Redis',
    markFile: markFile(directory),
    directory,
    ready: 'Ready to accept connections',
    readyTimeoutMs: 15_000,
    stopTimeoutMs: 3_000,
    onLog: options.onLog,
    command: () => ({
      program: 'redis-server',
      args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, ...flags],
    }),
  });
  const server = Object.assign(owned(process, directory), { url: `redis://127.0.0.1:${port}`, version });
  await server.start();
  return server;
}

/** The directory belongs to this process from a start to the next orderly stop. */
function owned(server: ServerProcess, directory: string): ServerProcess {
  const { start, stop } = server;
  let release: (() => void) | undefined;
  const end = async (how: () => Promise<void>) => {
    await how();
    release?.();
    release = undefined;
  };
  return Object.assign(server, {
    async start() {
      release ??= takeOwnership(ownerFile(directory), directory, 'another directory');
      await start().catch((error: unknown) => end(server.kill).then(() => Promise.reject(error)));
    },
    stop: () => end(stop),
  });
}

/** Ends the server a killed process left in `directory`. False, and nothing done, while the process that started it lives. */
export async function stopAbandonedRedis(directory: string): Promise<boolean> {
  if (hasLiveOwner(ownerFile(directory))) return false;
  await stopMarked(markFile(directory));
  return true;
}

async function redisVersion(): Promise<string> {
  const { output } = await runProgram('redis-server', ['--version']).catch((cause: Error) => {
    throw new ToolError('redis-server cannot be run: install it (Debian: redis-server), or set REDIS_URL', { cause });
  });
  return /v=(\S+)/.exec(output)?.[1] ?? 'of unknown version';
}

function ownerFile(directory: string): string {
  return join(directory, 'owner');
}

function markFile(directory: string): string {
  return join(directory, 'process');
}
