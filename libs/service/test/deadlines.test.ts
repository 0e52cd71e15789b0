import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { envelope, type RoutePlugin } from '../src/index.ts';
import { startKernel, type Kernel } from './kernel.ts';

/** For conditions that come true at once on an idle machine. */
const patience = { timeout: 20_000 };

let started = 0;
const reasons: unknown[] = [];
const schema = { response: { 200: envelope(z.object({ ms: z.number() })) } };

const routes: RoutePlugin = async (app) => {
  app.get('/reset', { config: { access: 'public' }, schema: { ...schema, operationId: 'reset' } }, async () => {
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  });
  app.post(
    '/takes',
    { config: { access: 'public' }, schema: { ...schema, operationId: 'takes', body: z.strictObject({ a: z.int() }) } },
    async () => ({ data: { ms: 0 } }),
  );
  /** Waits until its signal aborts, as a query would. */
  app.get('/waits', { config: { access: 'public' }, schema: { ...schema, operationId: 'waits' } }, async (request) => {
    started++;
    await once(request.signal, 'abort');
    reasons.push(request.signal.reason);
    throw request.signal.reason;
  });
  app.get(
    '/deaf',
    { config: { access: 'public', deadlineMs: 200 }, schema: { ...schema, operationId: 'deaf' } },
    () => new Promise<never>(() => undefined),
  );
  app.get('/left', { config: { access: 'public' }, schema: { ...schema, operationId: 'left' } }, async (request) => ({
    data: { ms: request.operation.remainingMs },
  }));
};

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel([routes], { deadlineMs: 5_000 });
});
afterAll(() => kernel[Symbol.asyncDispose]());

const get = (path: string, deadline?: string) =>
  fetch(kernel.origin + path, deadline === undefined ? {} : { headers: { 'x-request-deadline-ms': deadline } });

test('work past the deadline is aborted and answered 504', async () => {
  const answer = await get('/waits', '500');
  expect(answer.status).toBe(504);
  expect(await answer.json()).toMatchObject({ error: { code: 'TIMEOUT' } });
  const text = await kernel.telemetry.metrics.registry.metrics();
  expect(text).toMatch(/deadline_exceeded_total\{where="handler",service="demo"\} [1-9]/);
});

test('a handler that does not listen is answered for', async () => {
  expect((await get('/deaf')).status).toBe(504);
});

test('a deadline that has passed on arrival is 504 without work', async () => {
  const before = started;
  expect((await get('/waits', '0')).status).toBe(504);
  expect(started).toBe(before);
});

test('the header shortens and never lengthens', async () => {
  const remaining = async (header?: string) =>
    ((await (await get('/left', header)).json()) as { data: { ms: number } }).data.ms;
  expect(await remaining('100')).toBeLessThanOrEqual(100);
  expect(await remaining('60000')).toBeLessThanOrEqual(5_000);
  expect(await remaining('nonsense')).toBeGreaterThan(100);
});

test('a client that leaves aborts the work and is counted', async () => {
  const seen = reasons.length;
  const request = httpRequest(`${kernel.origin}/waits`);
  request.on('error', () => undefined);
  request.end();
  const before = started;
  await vi.waitFor(() => expect(started).toBe(before + 1), patience);
  request.destroy();
  await vi.waitFor(() => expect(reasons.length).toBe(seen + 1), patience);
  await vi.waitFor(async () => {
    expect(await kernel.telemetry.metrics.registry.metrics()).toMatch(
      /http_requests_aborted_total\{service="demo"\} 1/,
    );
  }, patience);
  expect(kernel.logs.at(-1)).toMatchObject({ route: '/waits', aborted: true, status: 499 });
});

test('a reset of another system is not taken for one of the client; a body cut off is no error of ours', async () => {
  expect((await get('/reset')).status).toBe(500);
  const before = kernel.logs.length;
  const request = httpRequest(`${kernel.origin}/takes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '100' },
  });
  request.on('error', () => undefined);
  request.write('{"a":');
  await vi.waitFor(async () => {
    expect(await kernel.telemetry.metrics.registry.metrics()).toMatch(/http_server_active_requests\{[^}]*\} 1/);
  }, patience);
  request.destroy();
  await vi.waitFor(
    () => expect(kernel.logs.slice(before)).toContainEqual(expect.objectContaining({ route: '/takes' })),
    patience,
  );
  expect(kernel.logs.slice(before).filter((line) => line['level'] === 'error')).toEqual([]);
});

test('nothing is in flight at the end', async () => {
  await vi.waitFor(async () => {
    const text = await kernel.telemetry.metrics.registry.metrics();
    expect(text).toMatch(/http_server_active_requests\{class="interactive",service="demo"\} 0/);
  }, patience);
});
