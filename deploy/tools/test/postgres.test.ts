import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processIdentity } from '../src/process.ts';
import { startPostgres, stopAbandonedPostgres, type PostgresServer } from '../src/index.ts';
import { startAndKill } from './start-and-kill.ts';

const asRoot = process.getuid?.() === 0;
let base: string;
let directory: string;
const running: PostgresServer[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-tools-'));
  // Open to others, for the tests where PostgreSQL runs as another user.
  chmodSync(base, 0o755);
  directory = join(base, 'data');
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(base, { recursive: true, force: true });
});

async function start(options: { directory?: string } = {}): Promise<PostgresServer> {
  const server = await startPostgres({ directory, ...options });
  running.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const postmasterPid = () => Number(readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);

describe('start and stop', () => {
  test('a folder without PostgreSQL is named, and nothing is made', async () => {
    await expect(startPostgres({ directory, binaries: base })).rejects.toThrow(`no PostgreSQL in ${base}`);
    expect(existsSync(directory)).toBe(false);
  });

  test('a second start finds the data of the first', async () => {
    const first = await start();
    await query(first.adminUrl, 'create table kept as select 42 as value');
    await first.stop();
    const second = await start();
    expect(await query(second.adminUrl, 'select value from kept')).toEqual([{ value: 42 }]);
    expect(second.adopted).toBe(false);
  });

  test('the server has the locale, encoding and settings everything relies on', async () => {
    const { adminUrl, version } = await start();
    const [row] = await query(
      adminUrl,
      `select getdatabaseencoding() as encoding, datlocprovider::text as provider, datlocale as locale, lower('ÄÖ') as lower,
        current_setting('fsync') as fsync, current_setting('jit') as jit from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({ encoding: 'UTF8', provider: 'b', locale: 'C.UTF-8', lower: 'äö', fsync: 'on', jit: 'off' });
    expect(version).toMatch(/^18\./);
  });

  test('only the password of the private file opens it', async () => {
    const { adminUrl } = await start();
    const wrong = new URL(adminUrl);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
    expect(statSync(join(directory, 'secrets', 'postgres-admin')).mode & 0o777).toBe(0o600);
    for (const folder of ['.', 'run', 'secrets', 'postgres']) {
      expect(statSync(join(directory, folder)).mode & 0o777).toBe(0o700);
    }
  });

  test('stop does not wait for clients and may be called twice', async () => {
    const server = await start();
    const client = new pg.Client({ connectionString: server.adminUrl });
    const ended = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await Promise.all([server.stop(), server.stop(), ended]);
    expect(existsSync(join(directory, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  test('a path too long for a socket is served on 127.0.0.1', async () => {
    const { adminUrl } = await start({ directory: join(base, 'd'.repeat(100)) });
    expect(new URL(adminUrl).hostname).toBe('127.0.0.1');
    expect(await query(adminUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('a folder name with a comma, a quote and a space is no list', async () => {
    const { adminUrl } = await start({ directory: join(base, 'a, "b') });
    expect(await query(adminUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test.runIf(asRoot)('root without user namespaces runs it as nobody', async () => {
    const path = process.env.PATH;
    process.env.PATH = '';
    try {
      for (const _ of ['first', 'second']) {
        const server = await start();
        expect(statSync(join(directory, 'postgres')).uid).toBe(65_534);
        expect(await query(server.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
        await server.stop();
      }
      chmodSync(base, 0o700);
      await expect(start()).rejects.toThrow(`${base} is closed to other users`);
    } finally {
      process.env.PATH = path;
    }
  });
});

/** A user every system has. */
const daemon = 1;

test.runIf(asRoot)('root in the closed folder of another user runs it as that user', async () => {
  chownSync(base, daemon, daemon);
  chmodSync(base, 0o700);
  for (const _ of ['first', 'second']) {
    const server = await start();
    expect(statSync(join(directory, 'postgres')).uid).toBe(daemon);
    expect(await query(server.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
  }
});

describe('after a kill', () => {
  test('the running server is adopted with its data, and stopped at the end', async () => {
    await startAndKill(directory, 'postgres');
    const pid = postmasterPid();
    const server = await start();
    expect(server.adopted).toBe(true);
    expect(await query(server.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
    expect(processIdentity(pid)).toBeUndefined();
  });

  test('a server killed as well recovers', async () => {
    await startAndKill(directory, 'postgres');
    process.kill(postmasterPid(), 'SIGKILL');
    expect((await start()).adopted).toBe(false);
  });

  test('a pid file that names a process of somebody else does not prevent the start', async () => {
    await (await start()).stop();
    writeFileSync(
      join(directory, 'postgres', 'postmaster.pid'),
      `${process.pid}\n${directory}/postgres\n1\n5432\n\n\n\nready\n`,
    );
    expect((await start()).adopted).toBe(false);
  });

  test('an owner mark whose pid was given to another process does not prevent the start', async () => {
    await (await start()).stop();
    writeFileSync(join(directory, 'owner'), JSON.stringify({ pid: process.pid, identity: 'started 1' }));
    expect((await start()).adopted).toBe(false);
  });

  test('half a data directory of a killed first start is removed', async () => {
    mkdirSync(join(directory, 'postgres.new-1', 'base'), { recursive: true });
    await start();
    expect(readdirSync(directory).toSorted()).toEqual(['owner', 'postgres', 'run', 'secrets']);
  });

  test('an abandoned server can be stopped, one in use cannot', async () => {
    await startAndKill(directory, 'postgres');
    const pid = postmasterPid();
    expect(await stopAbandonedPostgres(directory)).toBe(true);
    expect(processIdentity(pid)).toBeUndefined();
    await start();
    expect(await stopAbandonedPostgres(directory)).toBe(false);
  });
});

describe('refused with one line', () => {
  async function refusal(): Promise<string> {
    const error = await start().then(
      () => expect.fail('it started'),
      (reason: Error) => reason,
    );
    expect(error.name).toBe('ToolError');
    expect(error.message).not.toContain('\n');
    return error.message;
  }

  test('a second live instance on the directory', async () => {
    await start();
    expect(await refusal()).toBe(
      `${directory} is in use by process ${process.pid}; stop it or choose another IDP_DATA_DIR`,
    );
  });

  test('data of another major version, which stays as it is', async () => {
    await (await start()).stop();
    writeFileSync(join(directory, 'postgres', 'PG_VERSION'), '15\n');
    expect(await refusal()).toMatch(/postgres was made by PostgreSQL 15, this is PostgreSQL 18;/);
    writeFileSync(join(directory, 'postgres', 'PG_VERSION'), '18\n');
    await start();
  });

  test.runIf(asRoot)('data of another user', async () => {
    await (await start()).stop();
    chownSync(join(directory, 'postgres'), 12_345, 12_345);
    expect(await refusal()).toMatch(/postgres belongs to user 12345, this process runs as user 0;/);
  });

  test('a directory that cannot be made', async () => {
    writeFileSync(join(base, 'file'), '');
    directory = join(base, 'file', 'data');
    expect(await refusal()).toBe(`cannot write to the data directory ${directory}: ENOTDIR: not a directory`);
  });

  test('a folder that holds something else', async () => {
    mkdirSync(join(directory, 'postgres'), { recursive: true });
    writeFileSync(join(directory, 'postgres', 'thesis.txt'), 'precious');
    expect(await refusal()).toMatch(/is not a PostgreSQL data directory/);
    expect(readFileSync(join(directory, 'postgres', 'thesis.txt'), 'utf8')).toBe('precious');
  });

  test('a lost password file', async () => {
    await (await start()).stop();
    await rm(join(directory, 'secrets', 'postgres-admin'));
    expect(await refusal()).toMatch(/secrets\/postgres-admin is missing/);
  });

  test('a TCP port that is taken', async () => {
    directory = join(base, 'd'.repeat(100));
    const first = await start();
    const port = Number(new URL(first.adminUrl).port);
    directory = join(base, 'e'.repeat(100));
    const error = await startPostgres({ directory, port }).catch((reason: Error) => reason);
    expect((error as Error).message).toMatch(/^PostgreSQL did not start: .*could not create any TCP\/IP sockets/);
  });
});
