import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, goodToken, startGateway, type Echo, type StartedGateway } from './start-gateway.ts';

let gateway: StartedGateway;
beforeAll(async () => void (gateway = await startGateway()));
afterAll(() => gateway[Symbol.asyncDispose]());

interface ErrorBody {
  error: { code: string; message: string; details?: unknown };
  meta: { requestId: string; traceId: string };
}

async function echoed(path: string, headers: Record<string, string> = {}): Promise<Echo> {
  const response = await gateway.fetch(path, { headers: { ...bearer, ...headers } });
  expect(response.status).toBe(200);
  return (await response.json()) as Echo;
}

/** An error of the gateway itself, after a look at what all of them have in common. */
async function refusal(path: string, init: RequestInit = {}) {
  const response = await gateway.fetch(path, init);
  const { headers, status } = response;
  const { error, meta } = (await response.json()) as ErrorBody;
  expect(meta).toEqual({ requestId: headers.get('x-request-id'), traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  expect(headers.get('cache-control')).toBe('no-store');
  return { status, code: error.code, headers };
}

describe('host and target', () => {
  test('another host is 421, in the envelope', async () => {
    const answer = await gateway.raw(
      'GET /api/v1/services HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect(answer).toContain('"code":"MISDIRECTED_REQUEST"');
  });

  test('a public host is served whatever its case and port', async () => {
    const answer = await gateway.raw(
      'GET /docs/errors HTTP/1.1\r\nHost: IDP.example.org:8443\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    ['two hosts', 'GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n'],
    [
      'two credentials',
      'GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n',
    ],
    ['an absolute target', 'GET http://127.0.0.1/docs HTTP/1.1\r\nHost: 127.0.0.1\r\n'],
    ['a fragment', 'GET /docs#x HTTP/1.1\r\nHost: 127.0.0.1\r\n'],
    ['no host', 'GET /docs HTTP/1.1\r\n'],
    ['a credential named in Connection', 'GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: authorization\r\n'],
    ['both lengths', 'POST /docs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n'],
    ['two lengths', 'POST /docs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n'],
    ['a NUL in a header', 'GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: a\0b\r\n'],
  ])('%s is 400', async (_, head) => {
    expect(await gateway.raw(`${head}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('bytes that are not HTTP are 400 in the envelope with null ids', async () => {
    const answer = await gateway.raw('hello\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('"meta":{"requestId":null,"traceId":null}');
  });
});

describe('paths', () => {
  test.each([
    '/api/v1/services/../auth/me',
    '//api//v1/services',
    '/api/v1//services',
    '/api/v1/services/%2e%2e/auth/me',
    '/api/v1/services/.%2E/auth/me',
    '/API/v1/services',
    '/api/v1/Services',
    '/api/v1/services-and-more',
    '/api/v1/unknown',
    '/nothing',
    '/internal/v1/x',
    '/metrics',
    '/healthz',
  ])('%s reaches no service', async (path) => {
    const answer = await gateway.raw(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${goodToken}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toContain('"code":"NOT_FOUND"');
  });

  test('an encoded slash and a query arrive as they were sent', async () => {
    const { service, url } = await echoed('/api/v1/services/a%2Fb?q=%2F&q=x');
    expect({ service, url }).toEqual({ service: 'catalog', url: '/api/v1/services/a%2Fb?q=%2F&q=x' });
  });

  test('a target of more than 8 KiB is 414', async () => {
    expect(await refusal(`/api/v1/services?q=${'x'.repeat(8192)}`, { headers: bearer })).toMatchObject({
      status: 414,
      code: 'URI_TOO_LONG',
    });
  });

  test('on a Backstage mount an error has the form of Backstage', async () => {
    const response = await gateway.fetch('/api/catalog/entities?x=1');
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      error: { name: 'AuthenticationError', message: 'Authentication is required' },
      request: { method: 'GET', url: '/entities?x=1' },
      response: { statusCode: 401 },
    });
  });
});

describe('hygiene', () => {
  const forged = [
    'X-Idp-User',
    'X-Tenant-Id',
    'X-User-Id',
    'X-Workload-Authorization',
    'X-Envoy-Original-Path',
    'X-On-Behalf-Of',
    'X-Forwarded-Client-Cert',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Real-IP',
    'Forwarded',
    'Baggage',
    'X-Error-Code',
  ];

  test.each(forged)('a forged %s reaches no service, in either form of the headers', async (name) => {
    const { headers, rawHeaders } = await echoed('/api/v1/services', { [name]: 'forged' });
    expect(headers).not.toHaveProperty(name.toLowerCase());
    expect(rawHeaders.map((text) => text.toLowerCase())).not.toContain(name.toLowerCase());
  });

  test('a header named in Connection is dropped with it', async () => {
    const answer = await gateway.raw(
      `GET /api/v1/services HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${goodToken}\r\n` +
        'Connection: close, X-Smuggled\r\nX-Smuggled: 1\r\nX-Kept: 1\r\nTE: trailers\r\n\r\n',
    );
    expect(answer).toContain('"x-kept":"1"');
    expect(answer.toLowerCase()).not.toContain('smuggled');
    expect(answer).not.toContain('"te"');
  });

  test('the service is told how much time the route gives, whatever the client says', async () => {
    const { headers } = await echoed('/api/v1/services', { 'x-request-deadline-ms': '1' });
    expect(headers['x-request-deadline-ms']).toBe('15000');
  });

  test('a trusted proxy names the client, others do not', async () => {
    await using behindProxy = await startGateway({ trustedProxies: ['127.0.0.0/8'] });
    const headers = { ...bearer, 'x-forwarded-for': '203.0.113.9, 198.51.100.7, 127.0.0.2' };
    for (const one of [behindProxy, gateway]) await (await one.fetch('/api/v1/services', { headers })).text();
    await expect.poll(() => behindProxy.log.length).toBe(1);
    expect(behindProxy.log[0]).toMatchObject({ clientIp: '198.51.100.7' });
    expect(gateway.log.at(-1)).toMatchObject({ clientIp: '127.0.0.1' });
  });

  test('an acceptable request id is kept, another is replaced', async () => {
    const kept = await echoed('/api/v1/services', { 'x-request-id': 'build-42.a_b' });
    expect(kept.headers['x-request-id']).toBe('build-42.a_b');
    const replaced = await echoed('/api/v1/services', { 'x-request-id': 'no spaces' });
    expect(replaced.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a valid traceparent is continued, an invalid one starts a new trace without its state', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const valid = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, tracestate: 'a=1' };
    const continued = await echoed('/api/v1/services', valid);
    expect(continued.headers).toMatchObject({
      traceparent: expect.stringMatching(`^00-${trace}-[0-9a-f]{16}-01$`),
      tracestate: 'a=1',
    });
    const upperCase = `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`;
    const invalid = await echoed('/api/v1/services', { ...valid, traceparent: upperCase });
    expect(invalid.headers['traceparent']).not.toContain(trace);
    expect(invalid.headers).not.toHaveProperty('tracestate');
  });
});

describe('methods', () => {
  test('a method the route does not list is 405 and names those it does', async () => {
    const response = await refusal('/api/v1/auth/login', { method: 'DELETE' });
    expect(response).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    expect(response.headers.get('allow')).toBe('POST');
  });

  test.each(['TRACE', 'PROPFIND', 'LOCK'])('%s is 405', async (method) => {
    const answer = await gateway.raw(
      `${method} /api/v1/services HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).toMatch(/\r\nallow: GET, HEAD, POST/i);
  });

  test('CONNECT and a WebSocket upgrade are refused and the connection closed', async () => {
    expect(await gateway.raw('CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n';
    expect(await gateway.raw(`GET /api/v1/services HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}\r\n`)).toMatch(
      /^HTTP\/1\.1 403 /,
    );
  });

  test('an error to HEAD has headers and no body', async () => {
    const answer = await gateway.raw('HEAD /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 404 [\s\S]*content-length: \d+[\s\S]*\r\n\r\n$/i);
  });

  test('a preflight passes without a credential', async () => {
    const response = await gateway.fetch('/api/v1/services', {
      method: 'OPTIONS',
      headers: { origin: 'https://portal.example.org', 'access-control-request-method': 'POST' },
    });
    expect(response.status).toBe(200);
  });
});

describe('limits', () => {
  test('a body above the limit of its route is 413 before it is read', async () => {
    const answer = await gateway.raw(
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"PAYLOAD_TOO_LARGE"');
  });

  test('a client that sends its whole body first still reads why it was refused', async () => {
    const head = 'POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';
    const body = 'x'.repeat(8 * 1024 * 1024);
    for (let round = 0; round < 10; round++) {
      const answer = await gateway.rawAfterWriting(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    }
  });

  test('a body without end is not read for ever', async () => {
    const head = 'POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';
    expect(await gateway.rawWithoutEnd(`${head}Content-Length: 1000000000\r\n\r\n`)).toBeLessThan(256 * 1024 * 1024);
  });

  test('more than 100 fields and more than 16 KiB of headers are 431', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `X-A${i}: 1\r\n`).join('');
    expect(await gateway.raw(`GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\n${many}Connection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    const large = await gateway.raw(`GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ${'x'.repeat(17_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 /);
    expect(large).toContain('"code":"HEADERS_TOO_LARGE"');
  });

  test('a target above 8 KiB is 414, whether the parser read it or gave up', async () => {
    for (const length of [8_193, 16_384, 110_000]) {
      const target = `/docs?${'q'.repeat(length - 6)}`;
      const answer = await gateway.raw(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 414 /);
      expect(answer).toContain('"code":"URI_TOO_LONG"');
    }
  });

  test('Expect: 100-continue is answered by the refusal, or by an invitation where nothing speaks against the body', async () => {
    const head =
      'Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n';
    expect(await gateway.raw(`POST /api/v1/services HTTP/1.1\r\n${head}\r\n`)).toMatch(/^HTTP\/1\.1 401 /);
    const invited = await gateway.raw(`POST /api/v1/auth/login HTTP/1.1\r\n${head}\r\n{}`);
    expect(invited).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    const other = await gateway.raw(
      `POST /docs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nExpect: cake\r\n\r\n`,
    );
    expect(other).toMatch(/^HTTP\/1\.1 417 /);
  });
});

describe('credentials', () => {
  test('a route that requires one answers 401 with the scheme', async () => {
    const response = await refusal('/api/v1/services');
    expect(response).toMatchObject({ status: 401, code: 'AUTH_REQUIRED' });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  test.each([
    ['Bearer wrong', 'INVALID_TOKEN'],
    ['Basic dXNlcjpwYXNz', 'INVALID_TOKEN'],
    ['Bearer', 'INVALID_TOKEN'],
    ['Bearer idp_pat_abc', 'INVALID_API_KEY'],
  ])('%s is refused', async (authorization, code) => {
    expect(await refusal('/api/v1/services', { headers: { authorization } })).toMatchObject({ status: 401, code });
  });

  test('a bad credential on an optional route is 401, never anonymous', async () => {
    expect((await gateway.fetch('/api/v1/health')).status).toBe(200);
    expect(await refusal('/api/v1/health', { headers: { authorization: 'Bearer wrong' } })).toMatchObject({
      status: 401,
      code: 'INVALID_TOKEN',
    });
  });

  test('a credential in the query is none', async () => {
    expect(await refusal(`/api/v1/services?access_token=${goodToken}`)).toMatchObject({
      status: 401,
      code: 'AUTH_REQUIRED',
    });
  });

  test('a page of an allowed origin can read the refusal, another cannot', async () => {
    const allowed = await refusal('/api/v1/services', {
      headers: { origin: 'https://portal.example.org' },
    });
    expect(allowed).toMatchObject({ status: 401, code: 'AUTH_REQUIRED' });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://portal.example.org');
    const other = await refusal('/api/v1/services', {
      headers: { origin: 'https://portal.example.org.evil' },
    });
    expect(other).toMatchObject({ status: 401, code: 'AUTH_REQUIRED' });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('before the services have started a valid token is 503, and so is a route without its service', async () => {
    await using without = await startGateway({ upstreams: { catalog: undefined as never } });
    const response = await without.fetch('/api/v1/services', { headers: bearer });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });
});

describe('answers', () => {
  test('an answer to a credential is not stored unless the service says otherwise', async () => {
    const response = await gateway.fetch('/api/v1/services', { headers: bearer });
    expect(response.headers.get('cache-control')).toBe('no-store');
    await response.text();
  });

  test('the error code of a service goes to the log, not to the client', async () => {
    await using one = await startGateway({
      upstreams: {
        catalog: (_req, res) =>
          void res.writeHead(409, { 'x-error-code': 'SERVICE_EXISTS', 'content-length': '0' }).end(),
      },
    });
    const response = await one.fetch('/api/v1/services?secret=1', { headers: { ...bearer, 'user-agent': 'test/1' } });
    expect(response.headers.get('x-error-code')).toBeNull();
    await expect.poll(() => one.log.length).toBe(1);
    expect(one.log[0]).toMatchObject({
      service: 'gateway',
      upstream: 'catalog',
      method: 'GET',
      path: '/api/v1/services',
      route: 'catalog.services',
      status: 409,
      errorCode: 'SERVICE_EXISTS',
      durationMs: expect.any(Number),
      upstreamMs: expect.any(Number),
      bytesIn: expect.any(Number),
      bytesOut: expect.any(Number),
      tenantId: 'tenant-1',
      subject: 'user-1',
      clientIp: '127.0.0.1',
      userAgent: 'test/1',
      requestId: expect.any(String),
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(JSON.stringify(one.log)).not.toMatch(/secret=|good\.token/);
  });

  test('a service that breaks off leaves a line and the gateway running', async () => {
    await using one = await startGateway({ upstreams: { catalog: (_req, res) => void res.destroy() } });
    await expect(one.fetch('/api/v1/services', { headers: bearer })).rejects.toThrow('fetch failed');
    await expect.poll(() => one.log.at(-1)).toMatchObject({ status: 499, aborted: true });
    expect((await one.fetch('/api/v1/health')).status).toBe(200);
  });
});
