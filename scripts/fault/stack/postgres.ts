import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startPostgres, type PostgresServer } from '@idp/tools';
import pg from 'pg';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

/** PostgreSQL on a TCP port of its own, which can be restarted on its data. */
export interface LocalPostgres {
  readonly port: number;
  /** Superuser, past every link. */
  readonly adminUrl: string;
  /** What the tables lie on, the log aside; undefined where there cannot be one. */
  readonly disk: SmallDisk | undefined;
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
  const disk = await moveTables(directory, adminUrl);
  return {
    port,
    adminUrl,
    disk,
    async restartImmediately(downMs) {
      process.kill(postmasterPid(directory), 'SIGQUIT');
      await server.stop();
      await delay(downMs);
      server = await start();
    },
    async stop() {
      await server.stop();
      disk?.remove();
    },
  };
}

/** The tables onto a disk of their own: a full one then stops writes alone, as where the log has its own volume. */
async function moveTables(directory: string, adminUrl: string): Promise<SmallDisk | undefined> {
  const place = join(directory, 'tables');
  const disk = mountSmallDisk(place, statSync(join(directory, 'postgres')));
  if (disk === undefined) return undefined;
  const url = new URL(adminUrl);
  url.pathname = '/template1';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(`create tablespace small location '${place}'`);
    await client.query('alter database postgres set tablespace small');
  } finally {
    await client.end();
  }
  return disk;
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
