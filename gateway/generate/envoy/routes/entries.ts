import { apiVersions } from '../../../routing/resolve.ts';
import type { Alias, RouteFile } from '../../../routing/route-schema.ts';
import { createRouteTable } from '../../../routing/route-table.ts';
import type { Data } from '../any.ts';
import { refusal } from './answers.ts';
import { everythingElse, firstGuards, negotiationGuard, unknownVersionedPaths, versionGuards } from './guards.ts';
import { headerIs, headerIsOrAbsent, pathMatch, rewrite } from './path-match.ts';
import { byPrecedence } from './precedence.ts';
import { servedRoute, serviceRoute, type ServedRoute } from './service-route.ts';

const versionOf = (path: string): number | undefined => {
  const digits = /^\/api\/v(\d{1,9})(?=\/|$)/.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/**
 * Every route in the order of `resolve`: aliases, longest first; mounts and protocol roots; paths with a version; paths whose
 * version is in the header. The first that fits is taken.
 */
export function routeEntries(file: RouteFile): Data[] {
  const routes = byPrecedence(file.routes).map(servedRoute);
  const table = createRouteTable(file);
  const find = (path: string): ServedRoute | undefined => {
    const found = table.findRoute(path);
    return routes.find(({ route }) => route === found);
  };
  const aliases = file.aliases.toSorted((a, b) => b.from.length - a.from.length);
  return [
    ...firstGuards(),
    ...aliases.flatMap((alias) => aliasEntries(alias, routes, find)),
    ...routes.filter(({ route }) => versionOf(route.path) === undefined).flatMap(directEntry),
    ...versionGuards(),
    ...routes.filter(({ route }) => versionOf(route.path) !== undefined).flatMap(versionedEntry),
    unknownVersionedPaths(),
    negotiationGuard(),
    ...apiVersions.flatMap((version) => negotiatedEntries(version, routes)),
    everythingElse(),
  ];
}

function directEntry(served: ServedRoute): Data[] {
  const { match, path } = served.route;
  return serviceRoute(served, { match: pathMatch(match, path) });
}

function versionedEntry(served: ServedRoute): Data[] {
  const { match, path } = served.route;
  return serviceRoute(served, {
    match: pathMatch(match, path),
    overwritten: { 'api-version': String(versionOf(path)) },
  });
}

/** A path without a version is one of version 1 where the header says nothing. */
function negotiatedEntries(version: number, routes: readonly ServedRoute[]): Data[] {
  const beginning = `/api/v${version}`;
  const wanted = version === 1 ? headerIsOrAbsent('api-version', '1') : headerIs('api-version', [String(version)]);
  return routes
    .filter(({ route }) => route.path.startsWith(`${beginning}/`))
    .flatMap((served) =>
      serviceRoute(served, {
        match: {
          ...pathMatch(served.route.match, `/api${served.route.path.slice(beginning.length)}`),
          headers: [wanted],
        },
        rewrite: rewrite('/api/', `${beginning}/`),
        overwritten: { 'api-version': String(version) },
        appended: { vary: 'API-Version' },
      }),
    );
}

/** An alias has the routes its targets have: those below its own target, the target's own, and the one that covers the rest. */
function aliasEntries(
  { from, to, match }: Alias,
  routes: readonly ServedRoute[],
  find: (path: string) => ServedRoute | undefined,
): Data[] {
  const way = { rewrite: rewrite(from, to), appended: { link: '<%PATH(NQ:PATH)%>; rel="canonical"' } };
  const entry = (served: ServedRoute | undefined, kind: 'exact' | 'template' | 'prefix', path: string): Data[] =>
    served === undefined ? [] : serviceRoute(served, { ...way, match: pathMatch(kind, path) });
  const nothing = refusal(pathMatch(match, from), 'NOT_FOUND');
  const own = find(to);
  if (match === 'exact') return own === undefined ? [nothing] : entry(own, 'exact', from);
  const rest = find(`${to}//`);
  const below = routes.filter(({ route }) => route.path.startsWith(`${to}/`));
  return [
    ...below.flatMap((served) => entry(served, served.route.match, from + served.route.path.slice(to.length))),
    ...entry(own, 'exact', from),
    ...(rest === undefined ? [nothing] : entry(rest, 'prefix', from)),
  ];
}
