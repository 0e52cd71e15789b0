import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startPostgres, type PostgresServer } from '@idp/tools';

/** PostgreSQL on a TCP port of its own, which can be restarted on its data. */
export interface LocalPostgres {
  readonly port: number;
  /** Superuser, past every link. */
  readonly adminUrl: string;
  /** `pg_ctl stop -m immediate`, a pause, start: every connection breaks, the log is replayed. */
  restartImmediately(downMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Everything acknowledged survives the processes of the server; `fsync` is only about the power. */
const settings = { listen_addresses: '127.0.0.1', fsync: 'off', max_connections: '300' };

export async function startLocalPostgres(directory: string): Promise<LocalPostgres> {
  const port = await freePort();
  const start = () => startPostgres({ directory, port, settings });
  let server: PostgresServer = await start();
  const adminUrl = overTcp(server.adminUrl, port);
  return {
    port,
    adminUrl,
    async restartImmediately(downMs) {
      process.kill(postmasterPid(directory), 'SIGQUIT');
      await server.stop();
      await delay(downMs);
      server = await start();
    },
    stop: () => server.stop(),
  };
}

function postmasterPid(directory: string): number {
  return Number(readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
}

function overTcp(adminUrl: string, port: number): string {
  const url = new URL(adminUrl);
  url.searchParams.delete('host');
  url.host = `127.0.0.1:${port}`;
  return url.href;
}
