import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testDatabase, type TestDatabase } from '@idp/testing';
import { demoWithTopics } from './demo-service.ts';
import { publicUrl, tokenOf } from './kernel.ts';
import { openOtherAuth, type OtherAuth } from './other-auth.ts';

let database: TestDatabase;
let directory: string;
let auth: OtherAuth;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  database = await testDatabase({ services: [demoWithTopics, { name: 'auth' }] });
  directory = await mkdtemp(join(tmpdir(), 'service-process-'));
  auth = await openOtherAuth(directory);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  auth.close();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

interface Started {
  child: ChildProcess;
  port: number;
  management: number;
  output: () => string;
  ended: Promise<number | null>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function run(overrides: Record<string, string | undefined> = {}): Promise<Started> {
  const [port, management] = [await freePort(), await freePort()];
  const { app, relay, bus } = database.urlsFor('catalog');
  const env = {
    PATH: process.env['PATH'],
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: String(port),
    MANAGEMENT_PORT: String(management),
    PUBLIC_URL: publicUrl,
    DATABASE_URL: app,
    DATABASE_RELAY_URL: relay,
    DATABASE_BUS_URL: bus,
    ...auth.settings,
    CURSOR_SECRET: 'c'.repeat(32),
    SECRETS_FILE: join(directory, 'kek.json'),
    ...overrides,
  };
  const child = spawn(process.execPath, [new URL('./demo-main.ts', import.meta.url).pathname], { env });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = once(child, 'exit').then(([code]) => {
    children.delete(child);
    return code as number | null;
  });
  return { child, port, management, output: () => output, ended };
}

const patience = { timeout: 15_000, interval: 50 };
const probe = async (started: Started, path: string): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`http://127.0.0.1:${started.management}${path}`);
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text };
};
async function untilReady(started: Started): Promise<void> {
  await vi.waitFor(async () => expect((await probe(started, '/readyz')).status, started.output()).toBe(200), patience);
  await vi.waitFor(
    async () => expect((await fetch(`http://127.0.0.1:${started.port}/api/v1/nothing`)).status).toBe(404),
    patience,
  );
}

describe('a service in its own process', () => {
  let started: Started;
  beforeAll(async () => {
    started = await run();
    await untilReady(started);
  });

  test('serves its API with keys and rights of the auth service', async () => {
    const answer = await fetch(`http://127.0.0.1:${started.port}/api/v1/notes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenOf('member')}`, 'content-type': 'application/json' },
      body: '{"body":"x"}',
    });
    expect(answer.status).toBe(201);
  });

  test('shows probes, metrics and information on the management port alone', async () => {
    expect(await probe(started, '/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await probe(started, '/startupz')).toMatchObject({ status: 200 });
    expect(await probe(started, '/readyz')).toMatchObject({
      body: { status: 'ready', checks: [{ name: 'database', ok: true, ageSeconds: expect.any(Number) }] },
    });
    const { body } = await probe(started, '/metrics');
    for (const name of [
      'service_ready{service="catalog"} 1',
      'process_start_to_ready_seconds',
      'nodejs_eventloop_delay_seconds',
      'db_client_connection_count',
    ]) {
      expect(body).toContain(name);
    }
    const info = await probe(started, '/info');
    expect(info.body).toMatchObject({ service: 'catalog', mode: 'process', version: '0.1.0' });
    expect(JSON.stringify(info.body)).not.toMatch(/postgres:\/\//);
    expect((await fetch(`http://127.0.0.1:${started.port}/metrics`)).status).toBe(404);
    expect((await probe(started, '/nothing')).status).toBe(404);
  });

  test('SIGTERM: exits 0, whoever keeps a connection open', async () => {
    const socket = connect({ host: '127.0.0.1', port: started.port });
    await once(socket, 'connect');
    started.child.kill('SIGTERM');
    expect(await started.ended).toBe(0);
    expect(started.output()).toContain('"message":"stopped"');
    await expect(fetch(`http://127.0.0.1:${started.port}/api/v1/nothing`)).rejects.toThrow('fetch failed');
  });
});

test('a second signal exits 1 at once', async () => {
  const started = await run();
  await untilReady(started);
  // A request that never ends keeps the first signal from finishing.
  const held = fetch(`http://127.0.0.1:${started.port}/api/v1/held`).catch(() => undefined);
  await vi.waitFor(
    async () => expect((await probe(started, '/metrics')).body).toMatch(/http_server_active_requests\{[^}]*\} 1/),
    patience,
  );
  started.child.kill('SIGTERM');
  await vi.waitFor(() => expect(started.output()).toContain('"message":"stopping"'), patience);
  started.child.kill('SIGINT');
  expect(await started.ended).toBe(1);
  await held;
});

test('an uncaught error is logged with its cause and exits 1', async () => {
  const started = await run({ DEMO_CRASH: 'true' });
  await untilReady(started);
  started.child.kill('SIGUSR2');
  expect(await started.ended).toBe(1);
  expect(started.output()).toMatch(/"level":"fatal".*nobody waits for this/);
});

describe('a start that cannot work says why in one line and exits 1', () => {
  test.each([
    [
      'wrong variables, all at once',
      { PORT: 'x', LOG_LEVEL: 'loud', CURSOR_SECRET: 'hunter2' },
      /PORT: .*; LOG_LEVEL|LOG_LEVEL: .*PORT|PORT: /,
    ],
    [
      'a broker login in parts',
      { KAFKA_BROKERS: 'broker:9092', KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' },
      /KAFKA_SASL_PASSWORD: is required/,
    ],
    ['limits off in production', { NODE_ENV: 'production', RATE_LIMITS: 'off' }, /RATE_LIMITS: off is for load tests/],
    ['no auth service', { AUTH_URL: undefined }, /AUTH_URL: is required/],
    ['no key of its own', { SERVICE_KEY_FILE: undefined }, /SERVICE_KEY_FILE: is required with AUTH_URL/],
    ['a database that is away', { DATABASE_URL: 'postgres://app@127.0.0.1:1/none' }, /catalog: .*(database|connect)/i],
  ])('%s', async (_name, overrides, message) => {
    const started = await run(overrides);
    expect(await started.ended).toBe(1);
    expect(started.output()).toMatch(message);
    const lines = started
      .output()
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('{'));
    expect(lines).toHaveLength(1);
    expect(started.output()).not.toMatch(/hunter2|\n {4}at /);
  });

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const started = await run({ PORT: String(port) });
    expect(await started.ended).toBe(1);
    expect(started.output()).toMatch(new RegExp(`catalog: .*EADDRINUSE.*${port}`));
    other.close();
  });
});
