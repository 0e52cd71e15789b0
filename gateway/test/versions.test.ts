import { afterAll, beforeAll, expect, test } from 'vitest';
import { routeFile } from '../routing/route-schema.ts';
import { routes } from '../routes.ts';
import { bearer, startGateway, type Echo, type StartedGateway } from './start-gateway.ts';

let gateway: StartedGateway;

beforeAll(async () => {
  const more = routeFile.parse({
    routes: [
      { id: 'catalog.next', service: 'catalog', path: '/api/v2/services', beta: true },
      {
        id: 'catalog.old',
        service: 'catalog',
        path: '/api/v1/old',
        deprecation: { since: '2026-01-01', sunset: '2999-01-01', successor: '/api/v1/services' },
      },
    ],
    aliases: [],
  });
  gateway = await startGateway({ routes: { ...routes, routes: [...routes.routes, ...more.routes] } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const request = (path: string, version?: string, init: RequestInit = {}) =>
  gateway.fetch(path, {
    ...init,
    headers: { ...bearer, ...(version === undefined ? {} : { 'api-version': version }) },
  });

test.each([
  ['/api/v1/services', undefined, '/api/v1/services', '1', null],
  ['/api/v1/services', '1', '/api/v1/services', '1', null],
  ['/api/v2/services', undefined, '/api/v2/services', '2', null],
  ['/api/services?a=1', undefined, '/api/v1/services?a=1', '1', 'API-Version'],
  ['/api/services', '1', '/api/v1/services', '1', 'API-Version'],
  ['/api/services', '2', '/api/v2/services', '2', 'API-Version'],
  ['/api/catalog/entities', '2', '/api/catalog/entities', null, null],
])('%s with API-Version %s is served as %s', async (path, version, url, echoedVersion, vary) => {
  const response = await request(path, version);
  expect(((await response.json()) as Echo).url).toBe(url);
  expect(response.headers.get('api-version')).toBe(echoedVersion);
  expect(response.headers.get('vary')).toBe(vary);
});

test.each([
  ['/api/v1/services', '2', 400, 'API_VERSION_CONFLICT'],
  ['/api/v1/services', '3', 400, 'API_VERSION_UNKNOWN'],
  ['/api/services', '0', 400, 'API_VERSION_UNKNOWN'],
  ['/api/services', 'one', 400, 'API_VERSION_UNKNOWN'],
  ['/api/v2/auth/me', undefined, 404, 'NOT_FOUND'],
  ['/api/auth/sessions', '2', 404, 'NOT_FOUND'],
  ['/api/v3/services', undefined, 404, 'NOT_FOUND'],
])('%s with API-Version %s is %i %s', async (path, version, status, code) => {
  const response = await request(path, version);
  expect(response.status).toBe(status);
  const { error } = (await response.json()) as { error: { code: string; details?: unknown } };
  expect(error.code).toBe(code);
  expect(error.details).toEqual(code === 'API_VERSION_UNKNOWN' ? { supported: [1, 2] } : undefined);
});

test.each(routes.aliases.filter(({ to }) => !to.endsWith('/health')))(
  'the alias $from answers as $to, with query and body, whatever the version',
  async ({ from, to, match }) => {
    const below = match === 'prefix' ? '/by-name/component/default/x' : '';
    const body = '{"a":1}';
    const response = await request(`${from}${below}?a=1`, '2', { method: 'POST', body });
    const seen = (await response.json()) as Echo;
    expect({ method: seen.method, url: seen.url, body: seen.body }).toEqual({
      method: 'POST',
      url: `${to}${below}?a=1`,
      body,
    });
    expect(response.headers.get('link')).toBe(`<${to}${below}>; rel="canonical"`);
  },
);

test('an exact alias covers nothing below it', async () => {
  expect((await request('/api/auth/me/more')).status).toBe(200);
  expect((await request('/healthcheck/more')).status).toBe(404);
});

test('limits and authentication are those of the target', async () => {
  expect((await gateway.fetch('/api/auth/me')).status).toBe(401);
  expect((await gateway.fetch('/api/auth/login', { method: 'POST', body: 'x'.repeat(16_385) })).status).toBe(413);
  expect((await gateway.fetch('/api/auth/login', { method: 'GET' })).status).toBe(405);
});

test.each(['/api/v1/health', '/api/health', '/healthcheck', '/api/monitoring/health'])(
  '%s tells the status',
  async (path) => {
    const response = await gateway.fetch(path);
    expect(await response.json()).toMatchObject({ data: { status: 'ok' } });
  },
);

test('a deprecated route announces its end and its successor', async () => {
  const { headers } = await request('/api/v1/old');
  expect(headers.get('deprecation')).toBe(`@${Date.UTC(2026, 0, 1) / 1000}`);
  expect(headers.get('sunset')).toBe('Tue, 01 Jan 2999 00:00:00 GMT');
  expect(headers.get('link')).toBe('</api/v1/services>; rel="successor-version"');
});
