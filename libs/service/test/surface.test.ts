import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { envelope, type RoutePlugin } from '../src/index.ts';
import { demoRoutes } from './demo-routes.ts';
import { startKernel, type Kernel } from './kernel.ts';
import { rawRequest, sendRaw } from './raw.ts';

const slashRoute: RoutePlugin = async (app) => {
  app.get(
    '/api/v1/refs/:ref',
    {
      config: { access: 'public', encodedSlash: true },
      schema: { operationId: 'getRef', response: { 200: envelope(z.object({ ref: z.string() })) } },
    },
    async (request) => ({ data: { ref: (request.params as { ref: string }).ref } }),
  );
};

let kernel: Kernel;
let bearer: Record<string, string>;

beforeAll(async () => {
  kernel = await startKernel([demoRoutes, slashRoute]);
  bearer = { authorization: `Bearer ${await kernel.tokenOf('member')}` };
});
afterAll(() => kernel[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) => fetch(kernel.origin + path, { headers });
const raw = (line: string, headers: string[] = ['Host: localhost', 'Connection: close'], body = '') =>
  sendRaw(kernel.port, rawRequest(line, headers, body));

const always = {
  'content-type': 'application/json; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-site',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

describe('headers of answers', () => {
  test.each([
    ['a public success', '/api/v1/open', 200, 'Origin'],
    ['a missing credential', '/api/v1/whoami', 401, 'Authorization, Cookie, Origin'],
    ['an unknown route', '/api/v1/nothing', 404, 'Origin'],
    ['an undecodable path', '/api/v1/%zz', 400, 'Origin'],
    ['a refused query', '/api/v1/open?x=1', 400, 'Origin'],
  ])('%s carries the fixed set', async (_name, path, status, vary) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({ ...always, vary });
    expect(answer.headers.get('server')).toBeNull();
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('an error names its code and repeats the ids of the request', async () => {
    const answer = await get('/api/v1/nothing', { 'x-request-id': 'abc.1' });
    const body = (await answer.json()) as { error: { code: string }; meta: { requestId: string; traceId: string } };
    expect(answer.headers.get('x-error-code')).toBe('NOT_FOUND');
    expect(body.meta).toMatchObject({ requestId: 'abc.1', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  test('a foreign origin gets no CORS header', async () => {
    for (const origin of ['null', 'https://app.test.evil.test', 'https://app.test']) {
      const answer = await get('/api/v1/open', { origin });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('methods', () => {
  test('HEAD is GET without a body', async () => {
    const answer = await fetch(`${kernel.origin}/api/v1/open`, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
  });

  test('OPTIONS needs no token and lists nothing', async () => {
    const answer = await fetch(`${kernel.origin}/api/v1/things`, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('allow')).toBeNull();
  });

  test('a method the path does not have is 405 with Allow', async () => {
    const answer = await fetch(`${kernel.origin}/api/v1/things`, { method: 'DELETE' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
  });

  test.each(['TRACE', 'PROPFIND', 'LOCK'])('%s is 405', async (method) => {
    const [answer] = await raw(`${method} /api/v1/open HTTP/1.1`);
    expect(answer?.status).toBe(405);
    expect(answer?.headers['x-error-code']).toBe('METHOD_NOT_ALLOWED');
  });

  test('CONNECT closes the connection', async () => {
    expect(await raw('CONNECT evil.test:443 HTTP/1.1')).toEqual([]);
  });

  test('method overrides are ignored', async () => {
    const answer = await get('/api/v1/open', { 'x-http-method-override': 'DELETE' });
    expect(answer.status).toBe(200);
  });
});

describe('paths match byte for byte', () => {
  const notFound = [
    '/api/v1/open/',
    '/api/v1//open',
    '//api/v1/open',
    '/api/v1/./open',
    '/api/v1/x/../open',
    '/api/v1/%2e%2e/open',
    '/API/v1/open',
    '/api/v1/%6fpen',
    '/api/v1/open;v=1',
    '/api/v1/things/',
    '/api/v1/things/..%2fadmin',
    '/api/v1/things/a%2Fb',
    '/api/v1/things/a%5cb',
    '/api/v1/things/a%00b',
    '/api/v1/things/%2e%2e',
  ];
  test.each(notFound)('%s is 404', async (path) => {
    const [answer] = await raw(`GET ${path} HTTP/1.1`, ['Host: localhost', 'Connection: close']);
    expect(answer?.status).toBe(404);
  });

  test.each(['/api/v1/%zz', '/api/v1/things/%ff', '/api/v1/things/%c0%ae', '/api/v1/%'])('%s is 400', async (path) => {
    const [answer] = await raw(`GET ${path} HTTP/1.1`, ['Host: localhost', 'Connection: close']);
    expect(answer?.status).toBe(400);
  });

  test('a route that says so takes an encoded slash, decoded once', async () => {
    const answer = await get('/api/v1/refs/component%2fdefault%252f');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ data: { ref: 'component/default%2f' } });
    const [backslash] = await raw('GET /api/v1/refs/a%5cb HTTP/1.1', ['Host: localhost', 'Connection: close']);
    expect(backslash?.status).toBe(404);
  });
});

describe('request target and host', () => {
  test.each([
    ['absolute form', 'GET http://localhost/api/v1/open HTTP/1.1'],
    ['a fragment', 'GET /api/v1/open#x HTTP/1.1'],
    ['asterisk form', 'OPTIONS * HTTP/1.1'],
  ])('%s is 400', async (_name, line) => {
    const [answer] = await raw(line);
    expect(answer?.status).toBe(400);
  });

  test.each([
    ['two Host headers', ['Host: localhost', 'Host: evil.test']],
    ['no Host header', []],
    ['two Authorization headers', ['Host: localhost', 'Authorization: Bearer a', 'Authorization: Bearer b']],
    ['Connection that names Authorization', ['Host: localhost', 'Connection: close, Authorization']],
  ])('%s: 400 with the envelope', async (_name, headers) => {
    const [answer] = await raw('GET /api/v1/open HTTP/1.1', [...headers, 'Connection: close']);
    expect(answer?.status).toBe(400);
    expect(JSON.parse(answer!.body)).toMatchObject({ error: { code: 'VALIDATION_ERROR' } });
  });

  test.each([
    ['api.test', 200],
    ['API.TEST', 200],
    ['api.test:1234', 200],
    ['idp.test', 200],
    ['localhost:9999', 200],
    ['evil.test', 421],
    ['api.test.evil.test', 421],
    ['api.test/x', 421],
    ['idp.test:81', 421],
  ])('Host %s: %i', async (host, status) => {
    const [answer] = await raw('GET /api/v1/open HTTP/1.1', [`Host: ${host}`, 'Connection: close']);
    expect(answer?.status).toBe(status);
    expect(answer?.body).not.toContain('evil');
  });
});

describe('ids and traces', () => {
  test.each([
    ['a'.repeat(128), true],
    ['a'.repeat(129), false],
    ['<script>', false],
    ['Az0._-', true],
  ])('request id %s kept: %s', async (id, kept) => {
    const answer = await get('/api/v1/open', { 'x-request-id': id });
    expect(answer.headers.get('x-request-id') === id).toBe(kept);
  });

  test('a well-formed traceparent is continued', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await get('/api/v1/open', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    expect(((await answer.json()) as { meta: { traceId: string } }).meta.traceId).toBe(traceId);
  });

  test.each(['00-zz-zz-01', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`])(
    'traceparent %s begins a new trace',
    async (traceparent) => {
      const answer = await get('/api/v1/open', { traceparent });
      const { traceId } = ((await answer.json()) as { meta: { traceId: string } }).meta;
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(traceparent).not.toContain(traceId);
    },
  );
});

test('forwarded addresses are believed from trusted proxies only, counted from the right', async () => {
  const forwarded = { ...bearer, 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.0.0.2' };
  const plain = (await (await get('/api/v1/whoami', forwarded)).json()) as { data: { ip: string } };
  expect(plain.data.ip).toBe('127.0.0.1');
  await using behind = await startKernel([demoRoutes], { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
  const answer = await fetch(`${behind.origin}/api/v1/whoami`, { headers: forwarded });
  expect(await answer.json()).toMatchObject({ data: { ip: '203.0.113.9' } });
});
