import { AppError } from '@idp/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolve } from '../../../routing/resolve.ts';
import { routeFile, type RouteFile } from '../../../routing/route-schema.ts';
import { createRouteTable } from '../../../routing/route-table.ts';
import type { Data } from '../any.ts';
import { routeEntries } from './entries.ts';

interface Asked {
  path: string;
  version: string | undefined;
}

/** The route, with the path its service sees, or the code of a refusal. */
type Outcome = string;

/** What Envoy's documentation says of these matchers (envoy.config.route.v3.RouteMatch), for a GET. */
function fits(match: Data, { path, version }: Asked): boolean {
  return fitsPath(match, path) && ((match.headers ?? []) as Data[]).every((header) => fitsHeader(header, version));
}

function fitsPath(match: Data, path: string): boolean {
  if ('connect_matcher' in match) return false;
  if ('path' in match) return path === match.path;
  if ('prefix' in match) return path.startsWith(match.prefix as string);
  if ('path_separated_prefix' in match) return `${path}/`.startsWith(`${match.path_separated_prefix as string}/`);
  return whole((match.safe_regex as { regex: string }).regex).test(path);
}

function fitsHeader(header: Data, version: string | undefined): boolean {
  const value = header.name === ':method' ? 'GET' : version;
  if ('present_match' in header) return value !== undefined;
  if (value === undefined && header.treat_missing_header_as_empty !== true) return false;
  const { safe_regex } = header.string_match as { safe_regex: { regex: string } };
  return whole(safe_regex.regex).test(value ?? '') !== (header.invert_match === true);
}

/** RE2 of Envoy matches whole texts and takes flags at the beginning. */
function whole(regex: string): RegExp {
  const [, flag, rest = ''] = /^(\(\?i\))?(.*)$/s.exec(regex)!;
  return new RegExp(`^(?:${rest})$`, flag === undefined ? '' : 'i');
}

function byEnvoy(entries: readonly Data[], asked: Asked): Outcome {
  const entry = entries.find(({ match }) => fits(match as Data, asked))!;
  if (entry.direct_response !== undefined) {
    const [{ header }] = entry.response_headers_to_add as [{ header: { key: string; value: string } }];
    return header.value;
  }
  const { regex_rewrite: rewrite } = entry.route as {
    regex_rewrite?: { pattern: { regex: string }; substitution: string };
  };
  const path =
    rewrite === undefined
      ? asked.path
      : asked.path.replace(new RegExp(rewrite.pattern.regex), () => rewrite.substitution);
  return `${entry.name as string} ${path}`;
}

function byTable(file: RouteFile, { path, version }: Asked): Outcome {
  try {
    const resolution = resolve(createRouteTable(file), path, version);
    return `${resolution.route.id} ${resolution.path}`;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

const segment = fc.constantFrom('a', 'b', 'c', 'aa', 'v1', 'x.y');
const below = fc.array(fc.oneof({ weight: 4, arbitrary: segment }, fc.constantFrom('{p}', '{q}')), { maxLength: 4 });
const beginning = fc.constantFrom('/api/v1', '/api/v1', '/api/v2', '/api', '/root');

const route = fc.tuple(beginning, segment, below, fc.boolean()).map(([start, first, rest, prefix]) => {
  const path = [start, first, ...rest].join('/');
  const open = path.includes('{') ? 'template' : prefix ? 'prefix' : 'exact';
  return { service: 's', path, match: open as 'exact' | 'prefix' | 'template', beta: path.startsWith('/api/v2/') };
});

const alias = fc
  .tuple(beginning, segment, below, beginning, segment, fc.boolean())
  .map(([from, a, rest, to, b, prefix]) => ({
    from: [from, a, ...rest.filter((name) => !name.startsWith('{'))].join('/'),
    to: `${to}/${b}`,
    match: prefix ? ('prefix' as const) : ('exact' as const),
  }));

const file = fc
  .tuple(fc.array(route, { minLength: 1, maxLength: 8 }), fc.array(alias, { maxLength: 3 }))
  .map(([routes, aliases]) =>
    routeFile.safeParse({ routes: routes.map((entry, index) => ({ ...entry, id: `r${index}` })), aliases }),
  )
  .filter(({ success }) => success)
  .map(({ data }) => data!);

const asked = fc.record({
  path: fc
    .tuple(beginning, fc.array(segment, { maxLength: 6 }), fc.boolean())
    .map(([start, rest, slash]) => [start, ...rest].join('/') + (slash ? '/' : '')),
  version: fc.constantFrom(undefined, undefined, '1', '2', '3', 'x'),
});

test('for any routes and aliases the first entry that fits is what the embedded gateway finds', () => {
  fc.assert(
    fc.property(file, fc.array(asked, { minLength: 1, maxLength: 20 }), (routes, requests) => {
      const entries = routeEntries(routes);
      for (const request of requests) expect(byEnvoy(entries, request), request.path).toBe(byTable(routes, request));
    }),
    { numRuns: 2_000 },
  );
});
