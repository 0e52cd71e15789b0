import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processIdentity, runProgram } from '../src/process.ts';
import { startRedis, stopAbandonedRedis, type RedisOptions, type RedisServer } from '../src/index.ts';
import { isRequired } from './required.ts';
import { startAndKill } from './start-and-kill.ts';

const missing = await runProgram('redis-server', ['--version']).then(
  () => false,
  () => true,
);
let base: string;
let directory: string;
const running: RedisServer[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-tools-'));
  directory = join(base, 'redis');
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(base, { recursive: true, force: true });
});

async function start(options: Partial<RedisOptions> = {}): Promise<RedisServer> {
  const server = await startRedis({ directory, ...options });
  running.push(server);
  return server;
}

/** One command in Redis' inline form; answers its first line. */
async function command(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  try {
    socket.write(`${text}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString('utf8').split('\r\n')[0]!;
  } finally {
    socket.destroy();
  }
}

describe.skipIf(missing && !isRequired('redis'))('a local Redis', () => {
  test('answers on its URL and is gone after stop, which may be called twice', async () => {
    const server = await start();
    expect(await command(server.url, 'PING')).toBe('+PONG');
    expect(server.version).toMatch(/^\d+\.\d+\.\d+$/);
    const { pid } = server;
    await Promise.all([server.stop(), server.stop()]);
    expect(server.pid).toBeUndefined();
    expect(processIdentity(pid!)).toBeUndefined();
  });

  test('writes nothing to disk: after a kill it comes back empty on its port', async () => {
    const server = await start();
    await command(server.url, 'SET kept 1');
    await server.kill();
    await expect(command(server.url, 'PING')).rejects.toThrow('ECONNREFUSED');
    await server.start();
    expect(await command(server.url, 'EXISTS kept')).toBe(':0');
  });

  test('frozen it takes connections and answers when it is resumed', async () => {
    const server = await start();
    server.freeze();
    const answer = command(server.url, 'PING');
    expect((await runProgram('ps', ['-o', 'state=', '-p', String(server.pid)])).output).toMatch(/^T/);
    server.resume();
    expect(await answer).toBe('+PONG');
  });

  test('stops although it is frozen', async () => {
    const server = await start();
    server.freeze();
    await server.stop();
    expect(server.pid).toBeUndefined();
  });

  test('settings replace the defaults', async () => {
    const server = await start({ settings: { maxmemory: '32mb' } });
    expect(await command(server.url, 'SET a b')).toBe('+OK');
    expect(await command(server.url, 'CONFIG GET maxmemory')).toBe('*2');
  });

  test('the server of a killed process is ended, one in use is not', async () => {
    await startAndKill(directory, 'redis');
    const { pid } = JSON.parse(readFileSync(join(directory, 'process'), 'utf8')) as { pid: number };
    expect(processIdentity(pid)).toBeDefined();
    expect(await stopAbandonedRedis(directory)).toBe(true);
    expect(processIdentity(pid)).toBeUndefined();
    await start();
    expect(await stopAbandonedRedis(directory)).toBe(false);
  });

  test('a taken port is refused with one line', async () => {
    const first = await start();
    directory = join(base, 'second');
    await expect(start({ port: Number(new URL(first.url).port) })).rejects.toThrow(
      /^Redis did not start: .*(Address already in use|port)/,
    );
  });

  test('a second live instance on the directory is refused', async () => {
    await start();
    await expect(start()).rejects.toThrow(
      `${directory} is in use by process ${process.pid}; stop it or choose another`,
    );
  });
});

test('without the program one line says what to install', async () => {
  const path = process.env.PATH;
  process.env.PATH = '';
  try {
    await expect(start()).rejects.toThrow(
      'redis-server cannot be run: install it (Debian: redis-server), or set REDIS_URL',
    );
  } finally {
    process.env.PATH = path;
  }
});
