import type { Principal } from '@idp/auth';
import { connectRedis, createLimiter, createMemoryLimits, createRedisLimits, type LimitStore } from '@idp/cache';
import { AuthError, UnavailableError } from '@idp/errors';
import { createTelemetry } from '@idp/telemetry';
import { testRedis } from '@idp/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAuthzServer, type AuthzServer } from '../../edge/envoy/authz-server.ts';
import { startRateLimitServer, type RateLimitServer } from '../../edge/envoy/rate-limit-server.ts';
import { createRateLimits, type RateLimits } from '../../limits/rate-limits.ts';
import { rateSettings } from '../../limits/rate-settings.ts';
import { askAuthz, rateClient, type RateClient } from './envoy-clients.ts';

const { url: redisUrl, prefix } = await testRedis();
const { logger, metrics } = createTelemetry({ service: 'test', version: '1', level: 'silent' });
let now: number;

function limitsOn(store: LimitStore, overrides: object = {}): RateLimits {
  const settings = rateSettings(overrides);
  return createRateLimits({
    limiter: createLimiter({ store, metrics }),
    settings: () => settings,
    planOf: (tenantId) => (tenantId === 't-free' ? 'free' : undefined),
  });
}

const memory = (): LimitStore => createMemoryLimits({ now: () => now });
const request = { class: 'api', route: 'catalog', method: 'GET', masked_remote_address: '192.0.2.7/32' };
const user = { ...request, tenant: 't-1', subject: 'u-1' };

beforeEach(() => void (now = 1_000_000_000));

describe('the rate-limit service', () => {
  let server: RateLimitServer;
  let client: RateClient;

  beforeEach(async () => {
    server = await startRateLimitServer({ host: '127.0.0.1', port: 0, limits: limitsOn(memory()), logger });
    client = rateClient(server.port);
  });
  afterEach(async () => {
    client[Symbol.dispose]();
    await server.close(1_000);
  });

  async function admitted(times: number, entries: Record<string, string>): Promise<number> {
    const answers = await Promise.all(Array.from({ length: times }, () => client.ask(entries)));
    return answers.filter(({ code }) => code === 'OK').length;
  }

  test('says what is left, and no more than the burst passes', async () => {
    const first = await client.ask(user);
    expect(first).toMatchObject({
      code: 'OK',
      headers: {
        'ratelimit-policy': '"user";q=600;w=60, "tenant";q=30000;w=60',
        ratelimit: '"user";r=149;t=1',
        'ratelimit-limit': '600',
      },
      body: '',
    });
    expect(await admitted(160, user)).toBe(149);
    expect(await admitted(1, { ...user, subject: 'u-2' })).toBe(1);
    expect(await admitted(310, { ...user, key: 'k-1', rate_policy: '-' })).toBe(300);
    expect(await admitted(10, { ...user, key: 'k-2', rate_policy: '1/3600/4' })).toBe(4);
  });

  test('writes the whole answer to what is over its limit', async () => {
    await admitted(150, user);
    const refused = await client.ask(user, {
      metadata: { 'x-request-id': 'r-1', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
    });
    expect(refused.code).toBe('OVER_LIMIT');
    expect(refused.headers).toMatchObject({
      ratelimit: '"user";r=0;t=15',
      'retry-after': '1',
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(JSON.parse(refused.body)).toEqual({
      error: { code: 'RATE_LIMIT_EXCEEDED', message: expect.any(String), details: { policy: 'user' } },
      meta: { requestId: 'r-1', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
    });
    expect(JSON.parse((await client.ask(user)).body).meta).toEqual({ requestId: null, traceId: null });
    const mounted = await client.ask({ ...user, mount: '/api/catalog', path: '/api/catalog/entities' });
    expect(JSON.parse(mounted.body)).toMatchObject({
      request: { method: 'GET', url: '/entities' },
      response: { statusCode: 429 },
    });
    now += 1_000_000;
    expect(await admitted(20, user)).toBe(10);
  });

  test('knows the plan of a tenant', async () => {
    const { headers } = await client.ask({ ...user, tenant: 't-free' });
    expect(headers['ratelimit-policy']).toBe('"user";q=600;w=60, "tenant";q=3000;w=60');
  });

  test('what is for nothing has no headers; another domain is refused', async () => {
    expect(await client.ask({ ...user, class: 'none' })).toEqual({ code: 'OK', headers: {}, body: '' });
    await expect(client.ask(user, { domain: 'other' })).rejects.toMatchObject({ code: 3 });
  });

  test('a port that is taken is an error', async () => {
    const taken = { host: '127.0.0.1', port: server.port, limits: limitsOn(memory()), logger };
    await expect(startRateLimitServer(taken)).rejects.toThrow(/EADDRINUSE/);
  });
});

test('two replicas on one Redis share one budget: of 300 requests at once the burst passes', async () => {
  const overrides = { policies: { user: { limit: 1, periodSeconds: 3_600 } } };
  // Patient: what is tested here is not the clock of a busy machine.
  const open = () => connectRedis({ url: redisUrl, keyPrefix: prefix, timeoutMs: 10_000 });
  const connections = [await open(), await open()];
  const servers = await Promise.all(
    connections.map((redis) =>
      startRateLimitServer({
        host: '127.0.0.1',
        port: 0,
        limits: limitsOn(createRedisLimits({ redis, replicas: 2 }), overrides),
        logger,
      }),
    ),
  );
  const clients = servers.map(({ port }) => rateClient(port));
  const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => clients[index % 2]!.ask(user)));
  expect(answers.filter(({ code }) => code === 'OK')).toHaveLength(150);
  for (const client of clients) client[Symbol.dispose]();
  await Promise.all(servers.map((server) => server.close(1_000)));
  await Promise.all(connections.map((redis) => redis[Symbol.asyncDispose]()));
});

describe('the key check', () => {
  let server: AuthzServer;
  const principal = { type: 'user', id: 'u-1', tenantId: 't-1', keyId: 'k-1' } as Principal;

  beforeEach(async () => {
    server = await startAuthzServer({
      host: '127.0.0.1',
      port: 0,
      limits: limitsOn(memory()),
      mountOf: (path) => (path.startsWith('/api/catalog') ? '/api/catalog' : undefined),
      async verify(key, address) {
        if (key === 'idp_away') throw new UnavailableError('auth is away', { retryAfterSeconds: 1 });
        if (key === 'idp_own') return { ...principal, ratePolicy: { limit: 10, periodSeconds: 60, burst: 5 } };
        if (key === 'idp_good') return { ...principal, keyId: `k-${address}` };
        throw new AuthError('the API key is not valid', { code: 'INVALID_API_KEY' });
      },
    });
  });
  afterEach(() => server.close(1_000));

  const check = (authorization: string, headers: Record<string, string> = {}, path = '/api/v1/services') =>
    askAuthz(server.port, `/internal/authz/check${path}`, {
      authorization,
      'x-client-address': '192.0.2.7',
      ...headers,
    });

  test('names the caller of a key', async () => {
    const { status, headers } = await check('Bearer idp_good');
    expect([status, headers]).toMatchObject([
      200,
      {
        'x-ext-auth-tenant': 't-1',
        'x-ext-auth-subject': 'u-1',
        'x-ext-auth-key': 'k-192.0.2.7',
        'x-ext-auth-rate-policy': '-',
      },
    ]);
    expect((await check('bearer idp_own')).headers['x-ext-auth-rate-policy']).toBe('10/60/5');
    const behind = await askAuthz(server.port, '/internal/authz/check/x', {
      authorization: 'Bearer idp_good',
      'x-forwarded-for': '203.0.113.9, 198.51.100.4',
    });
    expect(behind.headers['x-ext-auth-key']).toBe('k-198.51.100.4');
  });

  test('takes a key as password only where Basic is allowed', async () => {
    const basic = `Basic ${Buffer.from('git:idp_good').toString('base64')}`;
    const headers = { authorization: basic, 'x-client-address': '192.0.2.7' };
    expect((await askAuthz(server.port, '/internal/authz/basic/x', headers)).status).toBe(200);
    expect((await askAuthz(server.port, '/internal/authz/check/x', headers)).status).toBe(401);
    const named = `Basic ${Buffer.from('idp_good:').toString('base64')}`;
    expect((await askAuthz(server.port, '/internal/authz/basic/x', { authorization: named })).status).toBe(401);
  });

  test.each([
    ['an unknown key', 'Bearer idp_bad'],
    ['a token', 'Bearer a.b.c'],
    ['two credentials', 'Bearer idp_good, Bearer idp_good'],
    ['no credential', ''],
  ])('%s is 401 in the envelope, with what is left of guesses', async (_name, authorization) => {
    const { status, headers, body } = await check(authorization, { 'x-request-id': 'r-7' });
    expect([status, headers['www-authenticate'], headers.ratelimit]).toEqual([401, 'Bearer', '"anonymous";r=99;t=9']);
    expect(body).toEqual({
      error: { code: 'INVALID_API_KEY', message: expect.any(String) },
      meta: { requestId: 'r-7', traceId: null },
    });
  });

  test('the 101st guess of one network is 429; a good key and other networks pass', async () => {
    const guesses = await Promise.all(Array.from({ length: 101 }, () => check('Bearer idp_bad')));
    const refused = guesses.filter(({ status }) => status === 429);
    expect([guesses.filter(({ status }) => status === 401).length, refused.length]).toEqual([100, 1]);
    expect(refused[0]!.headers['retry-after']).toBe('9');
    expect(refused[0]!.body.error).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', details: { policy: 'anonymous' } });
    expect((await check('Bearer idp_good')).status).toBe(200);
    expect((await check('Bearer idp_bad', { 'x-client-address': '192.0.2.8' })).status).toBe(401);
  });

  test('while auth is away it is 503 and nothing is counted', async () => {
    const { status, headers, body } = await check('Bearer idp_away');
    expect([status, headers['retry-after'], headers.ratelimit, body.error.code]).toEqual([
      503,
      '1',
      undefined,
      'UNAVAILABLE',
    ]);
  });

  test('below a mount a refusal has the form of Backstage; other paths are 404', async () => {
    const { body } = await check('Bearer idp_bad', {}, '/api/catalog/entities?filter=kind=api');
    expect(body).toMatchObject({
      error: { name: 'AuthenticationError' },
      request: { url: '/entities?filter=kind=api' },
    });
    const authorization = 'Bearer idp_good';
    expect((await askAuthz(server.port, '/internal/other', { authorization })).status).toBe(404);
    expect((await askAuthz(server.port, '/internal/authz/checked', { authorization })).status).toBe(404);
  });
});
