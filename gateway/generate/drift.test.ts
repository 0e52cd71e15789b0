import { expect, test } from 'vitest';
import { routeFile, type RouteFileInput } from '../routing/route-schema.ts';
import type { OpenApiDocument, Operation } from './document.ts';
import { findDrift } from './drift.ts';

const secured = { security: [{ bearerAuth: [] }] };

function drift(
  entries: RouteFileInput['routes'],
  operations: Record<string, Operation>,
  aliases: RouteFileInput['aliases'] = [],
): string[] {
  const paths: OpenApiDocument['paths'] = {};
  for (const [name, operation] of Object.entries(operations)) {
    const [method, path] = name.split(' ') as [string, string];
    paths[path] = { ...paths[path], [method]: operation };
  }
  const one: OpenApiDocument = { openapi: '3.1.0', info: { title: 'one', version: '1' }, paths };
  return findDrift(routeFile.parse({ routes: entries, aliases }), { one });
}

const route = { id: 'one', service: 'one', path: '/api/v1/one' };

test('routes and operations that agree drift nowhere', () => {
  const alias = [{ from: '/api/two', to: '/api/v1/one/{id}'.replace('/{id}', ''), match: 'prefix' as const }];
  expect(drift([route], { 'get /api/v1/one': secured, 'get /api/v1/one/{id}': secured }, alias)).toEqual([]);
  const named = [{ from: '/api/current', to: '/api/v1/one/current' }];
  expect(drift([route], { 'get /api/v1/one': secured, 'get /api/v1/one/{id}': secured }, named)).toEqual([]);
});

test.each<[string, string[], string[]]>([
  [
    'an operation on no route',
    drift([route], { 'get /api/v1/one': secured, 'get /api/v1/two': secured }),
    ['D1: one GET /api/v1/two is on no route'],
  ],
  [
    'an operation on a route of another service',
    drift([route, { id: 'other', service: 'two', path: '/api/v1/one/x' }], {
      'get /api/v1/one': secured,
      'get /api/v1/one/x': secured,
    }),
    ['D1: one GET /api/v1/one/x is on route other of two'],
  ],
  [
    'a method the route does not serve',
    drift([{ ...route, methods: ['POST'] }], { 'get /api/v1/one': secured }),
    ['D1: one GET /api/v1/one: route one does not serve this method'],
  ],
  [
    'a route without operation',
    drift([route, { ...route, id: 'orphan', path: '/api/v1/x' }], { 'get /api/v1/one': secured }),
    ['D2: route orphan (/api/v1/x) matches no operation'],
  ],
  [
    'a public operation on a protected route',
    drift([route], { 'get /api/v1/one': {} }),
    ['D3: one GET /api/v1/one is public, route one is required'],
  ],
  [
    'a protected operation on a public route',
    drift([{ ...route, auth: 'public' }], { 'get /api/v1/one': secured }),
    ['D3: one GET /api/v1/one is required, route one is public'],
  ],
  [
    'an optional credential',
    drift([route], { 'get /api/v1/one': { security: [{}, { bearerAuth: [] }] } }),
    ['D3: one GET /api/v1/one is optional, route one is required'],
  ],
  [
    'a stream on a plain route',
    drift([route], { 'get /api/v1/one': { ...secured, responses: { 200: { content: { 'text/event-stream': {} } } } } }),
    ['D4: one GET /api/v1/one answers sse, route one says none'],
  ],
  [
    'an alias to nothing',
    drift([route], { 'get /api/v1/one': secured }, [{ from: '/api/x', to: '/api/v1/gone' }]),
    ['D6: alias /api/x leads to /api/v1/gone, which is no operation'],
  ],
])('%s is found', (_, found, expected) => expect(found).toEqual(expected));

test('internal operations need no route', () => {
  expect(drift([route], { 'get /api/v1/one': secured, 'get /internal/v1/x': { 'x-internal': true } })).toEqual([]);
});
