import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runInContext } from '@idp/telemetry';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createServiceClient, type ServiceClient } from '../src/index.ts';

// Many calls and real pauses between them, on a machine that may do other things as well.
vi.setConfig({ testTimeout: 120_000 });

let server: Server;
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
/** What is answered, one after the other; the last for all that follow. */
let answers: ((res: ServerResponse) => void)[];
let client: ServiceClient;

const status =
  (code: number, body: unknown = {}, headers: Record<string, string> = {}) =>
  (res: ServerResponse): void =>
    void res.writeHead(code, headers).end(JSON.stringify(body));

beforeEach(async () => {
  seen = [];
  answers = [status(200, { ok: true })];
  server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk) => (body += String(chunk)));
    req.on('end', () => {
      seen.push({ method: req.method!, url: req.url!, headers: req.headers, body });
      (answers.length > 1 ? answers.shift()! : answers[0]!)(res);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = createServiceClient({
    target: 'auth',
    baseUrl: `http://127.0.0.1:${port}/`,
    token: async () => 'service-token',
    // The shortest pause.
    random: () => 0,
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await client[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

// Calls have 2 s by default, which a busy machine may need for one.
const get = { method: 'GET', path: '/things?x=1', timeoutMs: 60_000 } as const;
const context = {
  requestId: 'r1',
  traceId: '1'.repeat(32),
  spanId: '2'.repeat(16),
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
};

test('JSON goes out with the credential, and what comes back below 500 is an answer', async () => {
  answers = [status(409, { error: { code: 'CONFLICT' } }, { etag: '"1"' })];
  const call = { method: 'POST', path: '/things', body: { a: 1 }, timeoutMs: 60_000 } as const;
  expect(await runInContext(context, () => client.call(call))).toMatchObject({
    status: 409,
    headers: { etag: '"1"' },
    body: { error: { code: 'CONFLICT' } },
  });
  expect(seen).toMatchObject([{ method: 'POST', url: '/things', body: '{"a":1}' }]);
  expect(seen[0]!.headers).toMatchObject({
    authorization: 'Bearer service-token',
    'content-type': 'application/json',
    'x-envoy-attempt-count': '1',
    'x-request-id': 'r1',
    traceparent: context.traceparent,
  });
});

test('a credential that is refused is replaced once, whatever the call does', async () => {
  const { port } = server.address() as AddressInfo;
  const refusals: (string | undefined)[] = [];
  const renewing = createServiceClient({
    target: 'auth',
    baseUrl: `http://127.0.0.1:${port}/`,
    async token(after) {
      refusals.push(after?.refused);
      return after === undefined ? 'old' : 'new';
    },
  });
  answers = [status(401), status(201)];
  const write = { ...get, method: 'POST', body: { a: 1 } } as const;
  expect(await renewing.call(write)).toMatchObject({ status: 201 });
  expect(seen.map(({ headers, body }) => [headers.authorization, body])).toEqual([
    ['Bearer old', '{"a":1}'],
    ['Bearer new', '{"a":1}'],
  ]);
  answers = [status(401)];
  expect(await renewing.call(write)).toMatchObject({ status: 401 });
  expect(refusals).toEqual([undefined, 'old', undefined, 'old']);
  expect(seen).toHaveLength(4);
  // Where there is no other one, the refusal is the answer.
  expect(await client.call(write)).toMatchObject({ status: 401 });
  expect(seen).toHaveLength(5);
  await renewing[Symbol.asyncDispose]();
});

test('a read is sent up to three times', async () => {
  answers = [status(503), status(500), status(200, { ok: true })];
  expect(await client.call(get)).toMatchObject({ status: 200, body: { ok: true } });
  expect(seen.map(({ headers }) => headers['x-envoy-attempt-count'])).toEqual(['1', '2', '3']);
  answers = [status(502)];
  await expect(client.call(get)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(seen).toHaveLength(6);
});

test('a write is sent once, unless it says that it may be repeated', async () => {
  answers = [status(503)];
  const write = { ...get, method: 'POST', body: {} } as const;
  await expect(client.call(write)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(seen).toHaveLength(1);
  answers = [status(503), status(204)];
  await client.call({ ...write, isIdempotent: true });
  expect(seen).toHaveLength(3);
});

test('a call made for a retry is not retried', async () => {
  answers = [status(503)];
  const retried = runInContext({ ...context, isRetry: true }, () => client.call(get));
  await expect(retried).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(seen).toHaveLength(1);
});

test('retries end with their budget, and calls with the circuit', async () => {
  answers = [status(503)];
  const outcomes: unknown[] = [];
  for (let count = 0; count < 40; count += 1) outcomes.push(await client.call(get).catch((error: unknown) => error));
  expect(outcomes.every((error) => (error as { code: string }).code === 'UNAVAILABLE')).toBe(true);
  // 40 calls, 10 retries saved and 4 earned, less what the open circuit kept back.
  expect(seen.length).toBeLessThan(40);
  expect(String((outcomes.at(-1) as Error).message)).toContain('is not called while it fails');
});

test('a server that is not there opens the circuit, which tries again after five seconds', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { port } = server.address() as AddressInfo;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  const write = { ...get, method: 'POST' } as const;
  for (let count = 0; count < 5; count += 1) await expect(client.call(write)).rejects.toThrow('cannot be reached');
  await expect(client.call(write)).rejects.toThrow('is not called while it fails');
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  await expect(client.call(write)).rejects.toThrow('is not called while it fails');
  vi.setSystemTime(Date.now() + 5_001);
  expect(await client.call(write)).toMatchObject({ status: 200 });
});

test('who does not answer in time is 504, and so is a call without time', async () => {
  answers = [() => undefined];
  await expect(client.call({ ...get, timeoutMs: 50 })).rejects.toMatchObject({ status: 504 });
  const late = runInContext({ ...context, remainingMs: 10 }, () => client.call(get));
  await expect(late).rejects.toMatchObject({ status: 504 });
});

test('a server that hangs opens the circuit, and callers without patience do not', async () => {
  answers = [() => undefined];
  const many = async (call: () => Promise<unknown>): Promise<unknown[]> =>
    (await Promise.allSettled(Array.from({ length: 25 }, call))).map(({ status: how }) => how);
  const impatient = await many(() => runInContext({ ...context, remainingMs: 60 }, () => client.call(get)));
  expect(impatient).toEqual(impatient.map(() => 'rejected'));
  await expect(client.call({ ...get, timeoutMs: 40 })).rejects.toMatchObject({ status: 504 });
  expect(await many(() => client.call({ ...get, timeoutMs: 40 }))).toEqual(impatient);
  await expect(client.call(get)).rejects.toThrow('is not called while it fails');
});

test.each([
  ['no JSON', (res: ServerResponse) => res.end('<html>')],
  ['more than is read', (res: ServerResponse) => res.end(JSON.stringify('x'.repeat(2_000)))],
])('%s is no answer', async (_what, answer) => {
  answers = [answer];
  const call = { ...get, method: 'POST', bytesMax: 1_000 } as const;
  await expect(client.call(call)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('who waits no longer ends the call', async () => {
  answers = [() => undefined];
  const leaving = new AbortController();
  const call = runInContext({ ...context, signal: leaving.signal }, () => client.call(get));
  await vi.waitFor(() => expect(seen).toHaveLength(1), { timeout: 60_000 });
  leaving.abort(new Error('gone'));
  await expect(call).rejects.toMatchObject({ status: 504 });
});
