import { createLimiter, createMemoryLimits } from '@idp/cache';
import type { Principal } from '@idp/auth';
import { AuthError } from '@idp/errors';
import { createTelemetry } from '@idp/telemetry';
import { parseList } from 'structured-headers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRateLimits } from '../limits/rate-limits.ts';
import { rateSettings } from '../limits/rate-settings.ts';
import { startGateway, type StartedGateway } from './start-gateway.ts';

const second = 1_000_000;
let now = 0;
let gateway: StartedGateway;

/** Tokens `user.<id>`, keys `idp_<id>`; what ends in `bad` is neither. */
function verify(text: string): Promise<Principal> {
  const key = text.startsWith('idp_');
  if (text.endsWith('bad')) {
    return Promise.reject(new AuthError('not valid', { code: key ? 'INVALID_API_KEY' : 'INVALID_TOKEN' }));
  }
  const id = text.slice(text.indexOf(key ? '_' : '.') + 1);
  const own = key ? { id: 'u-1', keyId: id } : { id };
  return Promise.resolve({ type: 'user', tenantId: 't-1', ...own } as Principal);
}

beforeAll(async () => {
  const { metrics } = createTelemetry({ service: 'test', version: '1', level: 'silent' });
  const settings = rateSettings();
  const limiter = createLimiter({ store: createMemoryLimits({ now: () => now }), metrics });
  gateway = await startGateway({
    limits: createRateLimits({ limiter, settings: () => settings, planOf: () => undefined }),
    verifier: { verify },
    trustedProxies: ['127.0.0.0/8'],
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => void (now += 3_600 * second));

interface Call {
  from?: string;
  method?: string;
  headers?: Record<string, string>;
}

function call(path: string, credential?: string, { from = '192.0.2.7', method = 'GET', headers = {} }: Call = {}) {
  const authorization = credential === undefined ? {} : { authorization: `Bearer ${credential}` };
  return gateway.fetch(path, { method, headers: { ...authorization, 'x-forwarded-for': from, ...headers } });
}

async function statuses(times: number, ...what: Parameters<typeof call>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (let time = 0; time < times; time += 1) {
    const { status, body } = await call(...what);
    await body?.cancel();
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

const services = '/api/v1/services';

test('a counted answer says what is left, in fields that parse, and each takes one', async () => {
  for (const left of [149, 148]) {
    const { headers, status } = await call(services, 'user.a');
    expect(status).toBe(200);
    expect(parseList(headers.get('ratelimit-policy')!)).toEqual([
      [
        'user',
        new Map([
          ['q', 600],
          ['w', 60],
        ]),
      ],
      [
        'tenant',
        new Map([
          ['q', 30_000],
          ['w', 60],
        ]),
      ],
    ]);
    expect(parseList(headers.get('ratelimit')!)).toEqual([
      [
        'user',
        new Map([
          ['r', left],
          ['t', 1],
        ]),
      ],
    ]);
    expect(['limit', 'remaining', 'reset'].map((name) => headers.get(`ratelimit-${name}`))).toEqual([
      '600',
      String(left),
      '1',
    ]);
  }
});

test('beyond the burst it is 429 in the envelope, and what it says to wait suffices', async () => {
  expect(await statuses(152, services, 'user.b')).toEqual({ 200: 150, 429: 2 });
  const refused = await call(services, 'user.b', {
    headers: { 'x-request-id': 'r-1', origin: 'https://portal.example.org' },
  });
  expect(await refused.json()).toEqual({
    error: { code: 'RATE_LIMIT_EXCEEDED', message: expect.any(String), details: { policy: 'user' } },
    meta: { requestId: 'r-1', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
  });
  expect(parseList(refused.headers.get('ratelimit')!)).toEqual([
    [
      'user',
      new Map([
        ['r', 0],
        ['t', 15],
      ]),
    ],
  ]);
  expect(refused.headers.get('access-control-allow-origin')).toBe('https://portal.example.org');
  expect(refused.headers.get('access-control-expose-headers')).toContain('RateLimit-Policy');
  now += Number(refused.headers.get('retry-after')) * second;
  expect((await call(services, 'user.b')).status).toBe(200);
  expect(gateway.log.some((line) => line['status'] === 429 && line['errorCode'] === 'RATE_LIMIT_EXCEEDED')).toBe(true);
});

test('users behind one address and keys of one user are counted apart', async () => {
  expect(await statuses(151, services, 'user.c')).toEqual({ 200: 150, 429: 1 });
  expect(await statuses(1, services, 'user.d')).toEqual({ 200: 1 });
  expect(await statuses(301, services, 'idp_k1')).toEqual({ 200: 300, 429: 1 });
  expect(await statuses(1, services, 'idp_k2')).toEqual({ 200: 1 });
});

test('100 guesses of a key are 401, the next is 429; another network and a good key are not concerned', async () => {
  expect(await statuses(100, services, 'idp_bad')).toEqual({ 401: 100 });
  const refused = await call(services, 'idp_bad');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '9']);
  expect(await statuses(1, services, 'idp_bad', { from: '198.51.100.1' })).toEqual({ 401: 1 });
  expect(await statuses(1, services, 'idp_k3')).toEqual({ 200: 1 });
});

test('what has no credential, or a token that is not valid, is refused and not counted', async () => {
  const from = '203.0.113.1';
  expect(await statuses(150, services, undefined, { from })).toEqual({ 401: 150 });
  expect(await statuses(150, services, 'user.bad', { from })).toEqual({ 401: 150 });
  expect((await call(services, undefined, { from })).headers.get('ratelimit')).toBeNull();
});

test('one /64 is one client; sign-in and documents have limits of their own', async () => {
  const login = { method: 'POST', from: '2001:db8:1:2::1' };
  expect(await statuses(40, '/api/v1/auth/login', undefined, login)).toEqual({ 200: 40 });
  expect(await statuses(21, '/api/v1/auth/login', undefined, { ...login, from: '2001:db8:1:2:ffff::9' })).toEqual({
    200: 20,
    429: 1,
  });
  expect(await statuses(1, '/api/v1/auth/login', undefined, { ...login, from: '2001:db8:1:3::1' })).toEqual({ 200: 1 });
  expect(await statuses(151, '/api/v1/health', undefined, { from: '2001:db8:1:2::1' })).toEqual({ 200: 150, 429: 1 });
});

test('a refusal below a Backstage mount has the form of Backstage', async () => {
  await statuses(150, services, 'user.e');
  const refused = await call('/api/catalog/entities', 'user.e');
  expect([refused.status, await refused.json()]).toEqual([
    429,
    {
      error: { name: 'Error', message: expect.any(String) },
      request: { method: 'GET', url: '/entities' },
      response: { statusCode: 429 },
    },
  ]);
});

test('preflights take nothing of what their page may do', async () => {
  const from = '203.0.113.2';
  expect(await statuses(120, services, undefined, { method: 'OPTIONS', from })).toEqual({ 200: 120 });
  const { headers } = await call(services, undefined, { method: 'OPTIONS', from });
  expect(parseList(headers.get('ratelimit-policy')!)).toEqual([
    [
      'static',
      new Map([
        ['q', 600],
        ['w', 60],
      ]),
    ],
  ]);
});

test('a caller reads its own limits, which costs nothing', async () => {
  await statuses(3, services, 'idp_k4');
  const remaining = async () => {
    const answer = await call('/api/v1/rate-limits', 'idp_k4');
    expect(answer.headers.get('ratelimit')).toBeNull();
    const { data } = (await answer.json()) as { data: { policies: { policy: string; remaining: number }[] } };
    return data.policies.map((each) => [each.policy, each.remaining]);
  };
  const shown = [
    ['api-key', 297],
    ['tenant', 4_997],
    ['ai', 8],
    ['ingest', 1_500],
  ];
  expect([await remaining(), await remaining()]).toEqual([shown, shown]);
  expect((await call('/api/v1/rate-limits')).status).toBe(401);
  expect((await call('/api/v1/rate-limits', 'user.a', { method: 'POST' })).status).toBe(405);
});
