import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testEnvoy, testKafka, testRedis } from '@idp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFleetProcess, stopAbandonedFleet, type FleetProcess } from './fleet-process.ts';
import { startTraceCollector, type TraceCollector } from './trace-collector.ts';

// Skips the file where one of them cannot be had; the fleet starts servers of its own.
await Promise.all([testKafka(), testRedis(), testEnvoy()]);

const names = ['auth', 'catalog', 'edge'];

let base: string;
let fleet: FleetProcess;
let collector: TraceCollector;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-fleet-'));
  collector = await startTraceCollector();
  fleet = await startFleetProcess(base, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
}, 180_000);
afterAll(async () => {
  fleet?.child.kill('SIGKILL');
  await fleet?.exited;
  await stopAbandonedFleet(base, names);
  await collector?.[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: Headers;
  body: { data?: unknown; error?: { code: string }; meta?: { requestId: string } };
}

async function call(
  method: string,
  path: string,
  { token, body, headers }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await fetch(fleet.gateway + path, {
    method,
    headers: {
      ...headers,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
  };
}

async function signIn(): Promise<string> {
  const { status, body } = await call('POST', '/api/v1/auth/login', {
    body: { email: 'owner@localhost', password: fleet.password },
  });
  expect(status).toBe(200);
  return (body.data as { accessToken: string }).accessToken;
}

const statusOf = async (path: string, token?: string): Promise<number> =>
  (await call('GET', path, token === undefined ? {} : { token })).status;

const patience = { timeout: 90_000, interval: 200 };

test('one line says where everything is', () => {
  expect(Object.keys(fleet.services).toSorted()).toEqual(names);
  const { hostname, protocol } = new URL(fleet.databaseUrl);
  expect([protocol, hostname]).toEqual(['postgresql:', expect.any(String)]);
  expect(fleet.kafkaBrokers).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
  expect(fleet.redisUrl).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  expect(fleet.stdout().trim().split('\n')).toHaveLength(1);
});

test('a person signs in and registers a service through Envoy, of which another process hears', async () => {
  const token = await signIn();
  const made = await call('POST', '/api/v1/services', {
    token,
    body: { name: 'checkout', ownerRef: 'group:default/payments' },
  });
  expect([made.status, made.body.error]).toEqual([201, undefined]);
  const { id } = made.body.data as { id: string };
  expect(await statusOf(`/api/v1/services/${id}`, token)).toBe(200);
  // The log of auth has it over Kafka.
  const rows = async (): Promise<unknown[]> =>
    (await call('GET', `/api/v1/auth/audit-logs?resourceType=entity&resourceId=${id}`, { token })).body
      .data as unknown[];
  await expect.poll(rows, patience).toHaveLength(1);
});

test('one request is one trace: Envoy, the service, its outbox, Kafka, and whoever handles the event', async () => {
  const token = await signIn();
  const traceId = randomBytes(16).toString('hex');
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  const body = { name: 'billing', ownerRef: 'group:default/payments' };
  expect((await call('POST', '/api/v1/services', { token, body, headers })).status).toBe(201);

  const spans = () => collector.spans().filter((span) => span.traceId === traceId);
  const find = (service: string, name: RegExp) =>
    spans().find((span) => span.service === service && name.test(span.name));
  const handled = () => find('auth', /^process auth\.audit-log$/);
  await expect.poll(handled, patience).toBeDefined();
  await expect.poll(() => find('catalog', /^publish idp\.catalog\.audit\.v1$/), patience).toBeDefined();
  await expect.poll(() => spans().some(({ service }) => service === 'gateway'), patience).toBe(true);
  const request = find('catalog', /^POST \/api\/v1\/services$/)!;
  const gateway = spans().filter(({ service }) => service === 'gateway');
  // Envoy's own span hangs below the client's, the service's below one of Envoy's.
  expect(gateway.map(({ parentId }) => parentId)).toContain('00f067aa0ba902b7');
  expect(gateway.map(({ spanId }) => spanId)).toContain(request.parentId);
  // The handler's span is linked to where its event was made.
  expect(handled()!.links.map((link) => link.traceId)).toContain(traceId);
});

test('every process tells its metrics on a port of its own, which Envoy does not lead to', async () => {
  const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| (`\S+`) +\| (\w+)/gm);
  const documented = new Set([...rows].map(([, metric, kind]) => `${metric} ${kind}`));
  for (const name of names) {
    const { management, http } = fleet.services[name]!;
    const text = await (await fetch(`${management}/metrics`)).text();
    expect(text).toMatch(/^service_ready\{.*\} 1$/m);
    const kinds = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, metric, kind]) => `\`${metric}\` ${kind}`);
    expect(kinds.filter((kind) => !documented.has(kind))).toEqual([]);
    expect((await fetch(`${http}/metrics`)).status).not.toBe(200);
  }
  expect(await statusOf('/metrics')).toBe(404);
});

describe('a process that is killed', () => {
  test('is missed by its own paths alone, and comes back', async () => {
    const token = await signIn();
    process.kill(fleet.pidOf('catalog'), 'SIGKILL');
    let refused: Answer | undefined;
    const ask = async (): Promise<number> => (refused = await call('GET', '/api/v1/services', { token })).status;
    await expect.poll(ask, { ...patience, interval: 20 }).toBe(503);
    expect(refused!.body).toMatchObject({ error: { code: 'UNAVAILABLE' }, meta: { requestId: expect.any(String) } });
    expect(await statusOf('/api/v1/auth/me', token)).toBe(200);
    await expect.poll(() => statusOf('/api/v1/services', token), patience).toBe(200);
  });

  test('may be the edge: what is routed goes on', async () => {
    const token = await signIn();
    process.kill(fleet.pidOf('edge'), 'SIGKILL');
    await expect.poll(() => statusOf('/api/openapi.json'), { ...patience, interval: 20 }).toBe(503);
    expect(await statusOf('/api/v1/auth/me', token)).toBe(200);
    expect(await statusOf('/api/v1/services', token)).toBe(200);
    await expect.poll(() => statusOf('/api/openapi.json'), patience).toBe(200);
  });
});

test('Ctrl-C ends all of it', async () => {
  const pids = names.map((name) => fleet.pidOf(name));
  fleet.child.kill('SIGINT');
  expect(await fleet.exited).toEqual({ code: 0, signal: null });
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await expect(fetch(`${fleet.gateway}/api/v1/health`)).rejects.toThrow();
});
