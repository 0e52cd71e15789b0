import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatApiKey, makeApiKey } from '@idp/auth';
import { testEnvoy, testKafka, testRedis } from '@idp/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFleetProcess, stopAbandonedFleet, type FleetProcess } from './fleet-process.ts';

// Skips the file where one of them cannot be had; the fleet starts servers of its own.
await Promise.all([testKafka(), testRedis(), testEnvoy()]);

const patience = { timeout: 90_000, interval: 100 };
let base: string;
let limits: string;
let fleet: FleetProcess;
let token: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-fleet-limits-'));
  limits = join(base, 'limits.yaml');
  await writeFile(limits, '');
  fleet = await startFleetProcess(base, { RATE_LIMITS: 'on', RATE_LIMITS_FILE: limits });
  const signedIn = await call('POST', '/api/v1/auth/login', undefined, {
    email: 'owner@localhost',
    password: fleet.password,
  });
  ({ accessToken: token } = signedIn.data as { accessToken: string });
}, 240_000);
afterAll(async () => {
  fleet?.child.kill('SIGINT');
  await fleet?.exited;
  await stopAbandonedFleet(base, ['auth', 'catalog', 'edge']);
  await rm(base, { recursive: true, force: true });
});

async function call(method: string, path: string, credential?: string, body?: object, headers: object = {}) {
  const answer = await fetch(fleet.gateway + path, {
    method,
    headers: {
      ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = (text === '' ? {} : JSON.parse(text)) as { data?: unknown; error?: { code: string; details?: unknown } };
  return { status: answer.status, headers: answer.headers, ...json };
}

/** What Envoy says the request was charged to; now and then it does not wait for the edge on a busy machine, and says nothing. */
const policies = async (credential: string): Promise<string | null> =>
  (await call('GET', '/api/v1/services', credential)).headers.get('ratelimit-policy');

test('a changed file of limits counts at the edge', async () => {
  await expect.poll(() => policies(token), patience).toBe('"user";q=600;w=60, "tenant";q=30000;w=60');
  await writeFile(limits, 'policies: { tenant: { limit: 6000 } }');
  await expect.poll(() => policies(token), patience).toBe('"user";q=600;w=60, "tenant";q=6000;w=60');
});

test('a key has a budget of its own, and none once it is revoked', async () => {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const made = await call('POST', '/api/v1/api-keys', token, { name: 'ci', scopes: ['catalog:*'], expiresAt });
  expect([made.status, made.error]).toEqual([201, undefined]);
  const { id, key } = made.data as { id: string; key: string };
  await expect.poll(() => policies(key), patience).toBe('"api-key";q=1200;w=60, "tenant";q=6000;w=60');
  const { etag } = Object.fromEntries((await call('GET', `/api/v1/api-keys/${id}`, token)).headers);
  const ended = await call('DELETE', `/api/v1/api-keys/${id}`, token, undefined, { 'if-match': etag ?? '*' });
  expect([ended.status, ended.error]).toEqual([204, undefined]);
  // Envoy asks the edge, which has heard of it over Kafka.
  const refused = async () => {
    const { status, error } = await call('GET', '/api/v1/services', key);
    return [status, error?.code];
  };
  await expect.poll(refused, patience).toEqual([401, 'INVALID_API_KEY']);
});

test('who guesses keys is told to wait', async () => {
  const guess = () => call('GET', '/api/v1/services', formatApiKey(makeApiKey('key')));
  let answer = await guess();
  for (let count = 1; count < 500 && answer.status !== 429; count += 1) answer = await guess();
  expect([answer.status, answer.error]).toEqual([
    429,
    { code: 'RATE_LIMIT_EXCEEDED', message: expect.any(String), details: { policy: 'anonymous' } },
  ]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  await expect.poll(async () => (await call('GET', '/api/v1/services', token)).status, patience).toBe(200);
});

test('the home page comes through Envoy, with every section that has a service', async () => {
  const home = async () => {
    const { data } = await call('GET', '/api/v1/home', token);
    const states = Object.entries((data ?? {}) as Record<string, { status: string }>);
    return states.map(([name, { status }]) => [name, status]);
  };
  await expect.poll(home, patience).toEqual([
    ['me', 'ok'],
    ['services', 'ok'],
  ]);
});
