import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { signHead } from '@idp/auth';
import { testDatabase, type TestDatabase } from '@idp/testing';
import { demoWithTopics } from './demo-service.ts';
import { publicUrl, testAccess, testPorts, tokenOf } from './kernel.ts';

let database: TestDatabase;
let directory: string;
let auth: Server;
const children = new Set<ChildProcess>();
const access = generateKeyPairSync('ed25519');
const own = generateKeyPairSync('ed25519');

beforeAll(async () => {
  database = await testDatabase({ services: [demoWithTopics, { name: 'auth' }] });
  directory = await mkdtemp(join(tmpdir(), 'service-process-'));
  const jwk = { ...own.privateKey.export({ format: 'jwk' }), kid: 'catalog-1' };
  await writeFile(join(directory, 'key.json'), JSON.stringify(jwk));
  auth = createServer((req, res) => void answerAsAuth(req.url!).then((body) => res.end(JSON.stringify(body))));
  auth.listen(0, '127.0.0.1');
  await once(auth, 'listening');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  auth.close();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** What another service asks auth for: keys, a token of its own, and access of tenants it knows nothing of. */
async function answerAsAuth(url: string): Promise<object> {
  if (url === '/.well-known/jwks.json') return { keys: await testPorts.jwks.keys() };
  if (url === '/internal/v1/token') return { data: { token: 'service-token', expiresIn: 300 } };
  if (url === '/internal/v1/verification-keys') {
    return { keys: [{ ...access.publicKey.export({ format: 'jwk' }), kid: 'access-1', use: 'access' }] };
  }
  const { head, changed } = testAccess.sealed(url.slice('/internal/v1/access/'.length));
  return { data: { head: signHead(head, { kid: 'access-1', privateKey: access.privateKey }), shards: changed } };
}

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
    AUTH_URL: `http://127.0.0.1:${(auth.address() as AddressInfo).port}`,
    SERVICE_KEY_FILE: join(directory, 'key.json'),
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
