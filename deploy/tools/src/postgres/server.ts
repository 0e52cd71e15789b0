import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { hasLiveOwner, takeOwnership } from '../owner-lock.ts';
import { waitForExit } from '../process.ts';
import { untilReady } from '../readiness.ts';
import { ToolError } from '../tool-error.ts';
import { chooseAddress, connectionUrl, listenOptions, type Address } from './address.ts';
import { findBinaries, findBinariesIn, type PostgresBinaries } from './binaries.ts';
import { checkConnection } from './connection.ts';
import { adminPassword, adminUser, ensureCluster, serverEnvironment } from './cluster.ts';
import { layoutOf, prepareFolders, type Layout } from './layout.ts';
import { findPostmaster, type RunningPostmaster } from './postmaster-pid.ts';
import { choosePrivileges, withPrivileges, type Privileges } from './privileges.ts';

export interface PostgresOptions {
  /** Holds `postgres/` (data), `run/` (socket) and `secrets/`; made when absent. */
  directory: string;
  /** TCP port, or the number in the socket's name. Default 5432, or a free port where the socket's path would be too long. */
  port?: number;
  /** Server settings beside the defaults, e.g. `{ fsync: 'off' }` for throw-away data. */
  settings?: Readonly<Record<string, string>>;
  /** Folder of another installation's programs, `/usr/lib/postgresql/15/bin`. Default: those of the npm package. */
  binaries?: string | undefined;
  /** Gets every line the server logs, one call a line. */
  onLog?: (line: string) => void;
}

export interface PostgresServer {
  /** Superuser, database `postgres`. */
  adminUrl: string;
  /** As the server tells it, `18.4`. */
  version: string;
  /** True when the server of a killed process was still running and has been taken over. */
  adopted: boolean;
  /** Fast shutdown: open transactions are rolled back. Close pools first. Calling it again waits for the same shutdown. */
  stop(): Promise<void>;
}

const readyTimeoutMs = 60_000;
const stopTimeoutMs = 3_000;
const defaultSettings = {
  max_connections: '200',
  shared_buffers: '64MB',
  jit: 'off',
  unix_socket_permissions: '0700',
  shared_preload_libraries: 'pg_stat_statements',
};

/**
 * Starts PostgreSQL, from the npm package's programs unless others are named, on a directory of its own, or adopts the one a killed process left behind.
 * Works as root and as a user without a name. Throws ToolError, one line to act on, for: no build for this machine, an
 * unwritable or foreign directory, a second live instance, data of another major version, a server that does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const layout = layoutOf(options.directory);
  const binaries = await (options.binaries === undefined ? findBinaries() : findBinariesIn(options.binaries));
  const privileges = await choosePrivileges([binaries.postgres, layout.directory]);
  await prepareFolders(layout, privileges);
  const release = takeOwnership(layout.lockFile, layout.directory);
  try {
    await ensureCluster(layout, binaries, privileges);
    const password = await adminPassword(layout);
    const running = await adopt(layout, password);
    const server = running ?? (await launch({ layout, binaries, privileges, password, options }));
    return { ...server, stop: stopOnce(server.pid, release) };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Stops the server a killed process left in `directory`. False, and nothing done, while the process that started it lives.
 */
export async function stopAbandonedPostgres(directory: string): Promise<boolean> {
  const layout = layoutOf(directory);
  if (hasLiveOwner(layout.lockFile)) return false;
  const running = findPostmaster(layout.data);
  if (running !== undefined) await stop(running.pid);
  return true;
}

interface Started {
  pid: number;
  adminUrl: string;
  version: string;
  adopted: boolean;
}

/** Takes over a running postmaster of this data directory; one that is going down is waited for and replaced. */
async function adopt(layout: Layout, password: string): Promise<Started | undefined> {
  const running = findPostmaster(layout.data);
  if (running === undefined) return undefined;
  const adminUrl = connectionUrl(addressOf(running), adminUser, password);
  const version = await checkConnection(adminUrl);
  if (version !== undefined) return { pid: running.pid, adminUrl, version, adopted: true };
  process.kill(running.pid, 'SIGINT');
  if (await waitForExit(running.pid, stopTimeoutMs)) return undefined;
  throw new ToolError(
    `PostgreSQL (process ${running.pid}) on ${layout.data} answers neither clients nor signals; stop it first`,
  );
}

function addressOf(running: RunningPostmaster): Address {
  if (running.socketDirectory !== '') return { kind: 'socket', directory: running.socketDirectory, port: running.port };
  return { kind: 'tcp', host: running.listenAddress || '127.0.0.1', port: running.port };
}

interface Launch {
  layout: Layout;
  binaries: PostgresBinaries;
  privileges: Privileges;
  password: string;
  options: PostgresOptions;
}

async function launch({ layout, binaries, privileges, password, options }: Launch): Promise<Started> {
  const address = await chooseAddress(layout.run, options.port);
  removeStaleSocket(address);
  const parameters = Object.entries({ ...defaultSettings, ...options.settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const postgres = withPrivileges(privileges, binaries.postgres, [
    '-D',
    layout.data,
    ...listenOptions(address),
    ...parameters,
  ]);
  // A group of its own: the terminal's Ctrl-C must not stop the server before the services have drained.
  const child = spawn(postgres.program, postgres.args, {
    detached: true,
    cwd: layout.directory,
    env: serverEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    ...postgres.identity,
  });
  await untilReady(child, {
    name: 'PostgreSQL',
    mark: 'ready to accept connections',
    timeoutMs: readyTimeoutMs,
    signal: 'SIGQUIT',
    onLog: options.onLog,
  });
  const adminUrl = connectionUrl(address, adminUser, password);
  const version = await checkConnection(adminUrl);
  if (version === undefined) {
    child.kill('SIGINT');
    throw new ToolError(`PostgreSQL on ${layout.data} does not accept the password in ${layout.passwordFile}`);
  }
  return { pid: child.pid!, adminUrl, version, adopted: false };
}

/** A postmaster killed hard leaves its socket; `findPostmaster` has shown that nobody listens on it. */
function removeStaleSocket(address: Address): void {
  if (address.kind === 'tcp') return;
  const socket = `${address.directory}/.s.PGSQL.${address.port}`;
  if (existsSync(socket)) rmSync(socket);
  rmSync(`${socket}.lock`, { force: true });
}

function stopOnce(pid: number, release: () => void): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  return () => (stopping ??= stop(pid).finally(release));
}

/** SIGINT is PostgreSQL's fast shutdown (SIGTERM would wait for every client); SIGQUIT the immediate one, safe by its log. */
async function stop(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    if (await waitForExit(pid, stopTimeoutMs)) return;
  }
  throw new ToolError(`PostgreSQL (process ${pid}) could not be stopped`);
}
