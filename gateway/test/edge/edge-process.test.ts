import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatApiKey, makeApiKey } from '@idp/auth';
import { loadConfig } from '@idp/config';
import { createTestIdentities, type SignedTenant } from '@idp/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { edgeConfig } from '../../edge/host/config.ts';
import { startEdge, type Edge } from '../../edge/host/start-edge.ts';
import { routes } from '../../routes.ts';
import { askAuthz, rateClient } from './envoy-clients.ts';

const publicUrl = 'http://idp.example.org';
const key = formatApiKey(makeApiKey('key'));
let directory: string;
let auth: Server;
let catalog: Server;
let edge: Edge;
let tenant: SignedTenant;
let isReady = true;

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function serve(answer: (path: string) => Promise<[number, object]> | [number, object]): Promise<Server> {
  const server = createServer((req, res) => {
    void Promise.resolve(answer(req.url!)).then(([status, body]) => res.writeHead(status).end(JSON.stringify(body)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-edge-'));
  const own = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  await writeFile(join(directory, 'key.json'), JSON.stringify({ ...own, kid: 'edge-1' }));
  await writeFile(join(directory, 'limits.yaml'), 'policies: { user: { limit: 60, burst: 50 } }');
  const identities = await createTestIdentities(publicUrl, []);
  tenant = await identities.tenant();
  const verified = {
    keyId: 'k-1',
    tenantId: tenant.id,
    owner: { type: 'user', id: tenant.member.id },
    accessVersion: 0,
    scopes: [],
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    ipAllow: [],
  };
  auth = await serve(async (path) => {
    if (path === '/.well-known/jwks.json') return [200, { keys: await identities.ports.jwks.keys() }];
    if (path === '/internal/v1/token') return [200, { data: { token: 'service-token', expiresIn: 300 } }];
    if (path === '/internal/v1/api-keys/verify') return [200, { data: verified }];
    return [204, {}];
  });
  catalog = await serve((path) => {
    if (path === '/readyz') return [isReady ? 200 : 503, {}];
    return path === '/info' ? [200, { version: '4.5.6' }] : [404, {}];
  });
  const { values } = loadConfig(edgeConfig, {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    PORT: '0',
    MANAGEMENT_PORT: '0',
    RATE_LIMIT_PORT: '0',
    AUTHZ_PORT: '0',
    PUBLIC_URL: publicUrl,
    PUBLIC_HOSTS: '127.0.0.1,localhost',
    AUTH_URL: urlOf(auth),
    SERVICE_KEY_FILE: join(directory, 'key.json'),
    SERVICE_URLS: 'catalog=http://127.0.0.1:1',
    MANAGEMENT_URLS: `catalog=${urlOf(catalog)}`,
    RATE_LIMITS_FILE: join(directory, 'limits.yaml'),
    SHUTDOWN_TIMEOUT_MS: '4000',
  });
  edge = await startEdge(values, routes);
});
afterAll(async () => {
  await edge?.stop(4_000);
  for (const server of [auth, catalog]) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true });
});

const get = (path: string, token?: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${edge.port}${path}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });

test('the health of the platform is that of the management ports', async () => {
  const anonymous = await get('/api/v1/health');
  expect(await anonymous.json()).toMatchObject({ data: { status: 'ok' } });
  const services = [{ name: 'catalog', status: 'ok', version: '4.5.6' }];
  expect(await (await get('/api/v1/health', tenant.member.token)).json()).toMatchObject({ data: { services } });
  isReady = false;
  const status = async () => ((await (await get('/api/v1/health')).json()) as { data: { status: string } }).data.status;
  await expect.poll(status).toBe('down');
  isReady = true;
  await expect.poll(status).toBe('ok');
});

test('documents are those of the release; pages are not shown unless wanted', async () => {
  const merged = (await (await get('/api/openapi.json')).json()) as { paths: object };
  expect(Object.keys(merged.paths)).toContain('/api/v1/rate-limits');
  expect((await get('/api/openapi/catalog.json')).status).toBe(200);
  expect((await get('/api/openapi/auth.json')).status).toBe(404);
  expect((await get('/docs')).status).toBe(404);
});

test('what is for services or for Envoy is not served beside it', async () => {
  for (const path of ['/api/v1/services', '/api/v1/auth/me', '/internal/authz/check/x', '/metrics', '/healthz']) {
    expect((await get(path, tenant.member.token)).status, path).toBe(404);
  }
});

test('the limits that Envoy asks for are those the caller is shown, by the file of the operator', async () => {
  using client = rateClient(edge.rateLimitPort);
  const caller = { tenant: tenant.id, subject: tenant.member.id };
  const asked = await client.ask({
    class: 'search',
    route: 'r',
    method: 'GET',
    masked_remote_address: '::/64',
    ...caller,
  });
  expect(asked.headers['ratelimit-policy']).toBe('"user";q=60;w=60, "tenant";q=30000;w=60');
  expect(asked.headers['ratelimit-remaining']).toBe('45');
  const shown = (await (await get('/api/v1/rate-limits', tenant.member.token)).json()) as {
    data: { policies: { policy: string; remaining: number; burst: number }[] };
  };
  const user = shown.data.policies.find(({ policy }) => policy === 'user')!;
  expect([user.burst, user.remaining >= 45 && user.remaining <= 50]).toEqual([50, true]);
  expect((await get('/api/v1/rate-limits')).status).toBe(401);
});

test('a key that auth knows names its caller to Envoy', async () => {
  const authorization = `Bearer ${key}`;
  const { status, headers } = await askAuthz(edge.authzPort, '/internal/authz/check/api/v1/services', {
    authorization,
  });
  expect([status, headers['x-ext-auth-key'], headers['x-ext-auth-tenant']]).toEqual([200, 'k-1', tenant.id]);
  const mistyped = await askAuthz(edge.authzPort, '/internal/authz/check/x', { authorization: `${authorization}x` });
  expect(mistyped.status).toBe(401);
});

test('probes and metrics are on the management port', async () => {
  const management = (path: string) => fetch(`http://127.0.0.1:${edge.managementPort}${path}`);
  expect((await management('/readyz')).status).toBe(200);
  expect(await (await management('/info')).json()).toMatchObject({ service: 'edge' });
  const text = await (await management('/metrics')).text();
  expect(text).toMatch(/^service_ready\{service="edge"\} 1$/m);
  expect(text).toMatch(/^gateway_credential_checks_total\{kind="key",result="ok",service="edge"\} \d+$/m);
});

test.each([
  ['limits off in production', { RATE_LIMITS: 'off' }, /RATE_LIMITS: off is for load tests/],
  ['production without events', {}, /KAFKA_BROKERS: is required/],
  ['no services', { SERVICE_URLS: '' }, /SERVICE_URLS: is required/],
])('%s is refused', (_name, env, message) => {
  const common = {
    NODE_ENV: 'production',
    AUTH_URL: publicUrl,
    SERVICE_KEY_FILE: 'x',
    SERVICE_URLS: `auth=${publicUrl}`,
  };
  expect(() => loadConfig(edgeConfig, { ...common, ...env })).toThrow(message);
});
