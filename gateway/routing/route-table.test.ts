import { expect, test } from 'vitest';
import { routeFile, type RouteFileInput } from './route-schema.ts';
import { createRouteTable } from './route-table.ts';

type RouteInput = RouteFileInput['routes'][number];

function table(...routes: Omit<RouteInput, 'id' | 'service'>[]) {
  const named = routes.map((route, index) => ({ ...route, id: `r${index}`, service: 'one' }));
  return createRouteTable(routeFile.parse({ routes: named, aliases: [] }));
}

const found = (routes: ReturnType<typeof table>, path: string) => routes.findRoute(path)?.path;

test('an exact path wins over a template, a template over a prefix, whatever their order in the file', () => {
  const entries = [
    { path: '/a' },
    { path: '/a/{id}/c', match: 'template' as const },
    { path: '/a/b/c', match: 'exact' as const },
    { path: '/a/b' },
  ];
  for (const routes of [table(...entries), table(...entries.toReversed())]) {
    expect(found(routes, '/a/b/c')).toBe('/a/b/c');
    expect(found(routes, '/a/x/c')).toBe('/a/{id}/c');
    expect(found(routes, '/a/b/c/d')).toBe('/a/b');
    expect(found(routes, '/a/x')).toBe('/a');
    expect(found(routes, '/a')).toBe('/a');
    expect(found(routes, '/ab')).toBeUndefined();
    expect(found(routes, '/')).toBeUndefined();
  }
});

test('of two templates the one with more literal segments wins', () => {
  const routes = table(
    { path: '/{a}/x/y', match: 'template' },
    { path: '/l/{b}/{c}', match: 'template' },
    { path: '/l/{b}/y', match: 'template' },
  );
  expect(found(routes, '/l/x/z')).toBe('/l/{b}/{c}');
  expect(found(routes, '/l/z/y')).toBe('/l/{b}/y');
  expect(found(routes, '/k/x/y')).toBe('/{a}/x/y');
  // Two literals each: the first difference decides.
  expect(found(routes, '/l/x/y')).toBe('/l/{b}/y');
});

test('a template does not match an empty segment', () => {
  expect(found(table({ path: '/a/{id}', match: 'template' }), '/a/')).toBeUndefined();
});

test.each<[string, RouteInput[], RegExp]>([
  [
    'the same path twice',
    [
      { id: 'a', service: 's', path: '/x' },
      { id: 'b', service: 's', path: '/x' },
    ],
    /b and a claim the same/,
  ],
  [
    'two templates that differ in names only',
    [
      { id: 'a', service: 's', path: '/x/{a}', match: 'template' },
      { id: 'b', service: 's', path: '/x/{b}', match: 'template' },
    ],
    /b and a claim the same/,
  ],
  [
    'the same id twice',
    [
      { id: 'a', service: 's', path: '/x' },
      { id: 'a', service: 's', path: '/y' },
    ],
    /claim the same: id a/,
  ],
  ['a management path', [{ id: 'a', service: 's', path: '/metrics' }], /not for the gateway/],
  ['an internal path', [{ id: 'a', service: 's', path: '/internal/v1' }], /not for the gateway/],
  ['a whole version', [{ id: 'a', service: 's', path: '/api/v1' }], /all of a version/],
  ['a template without parameters', [{ id: 'a', service: 's', path: '/x', match: 'template' }], /only templates/],
  ['beta outside v2', [{ id: 'a', service: 's', path: '/api/v1/x', beta: true }], /beta and \/api\/v2/],
  ['v2 that is not beta', [{ id: 'a', service: 's', path: '/api/v2/x' }], /beta and \/api\/v2/],
  [
    'a route past its sunset',
    [
      {
        id: 'a',
        service: 's',
        path: '/x',
        deprecation: { since: '2020-01-01', sunset: '2020-06-01', successor: '/y' },
      },
    ],
    /past its sunset/,
  ],
  ['a trailing slash', [{ id: 'a', service: 's', path: '/x/' }], /trailing slash/],
])('%s is refused', (_, entries, message) => {
  expect(() => routeFile.parse({ routes: entries, aliases: [] })).toThrow(message);
});
