import type { Route, RouteFile } from '../routing/route-schema.ts';
import { createRouteTable, type RouteTable } from '../routing/route-table.ts';
import { operationsOf, type LocatedOperation, type OpenApiDocument } from './document.ts';

type Located = LocatedOperation & { service: string; document: OpenApiDocument };

/**
 * Where the routes and the services' documents disagree, one sentence each, beginning with the rule (docs: gateway README).
 * Empty when every operation is reachable through exactly one route of its service with the same authentication and streaming,
 * no route is without an operation, and every alias leads to an operation.
 */
export function findDrift(file: RouteFile, documents: Readonly<Record<string, OpenApiDocument>>): string[] {
  const table = createRouteTable(file);
  const operations = Object.entries(documents).flatMap(([service, document]) =>
    operationsOf(document)
      .filter(({ operation }) => operation['x-internal'] !== true)
      .map((located) => ({ ...located, service, document })),
  );
  return [
    ...operations.flatMap((located) => misrouted(located, table)),
    ...file.routes.flatMap((route) => orphaned(route, operations, table)),
    ...file.aliases.flatMap(({ from, to, match }) => danglingAlias({ from, to, match }, operations)),
  ];
}

function misrouted(located: Located, table: RouteTable): string[] {
  const route = table.findRoute(located.path);
  const name = `${located.service} ${located.method.toUpperCase()} ${located.path}`;
  if (route === undefined) return [`D1: ${name} is on no route`];
  if (route.service !== located.service) return [`D1: ${name} is on route ${route.id} of ${route.service}`];
  if (route.methods !== undefined && !route.methods.some((method) => method.toLowerCase() === located.method)) {
    return [`D1: ${name}: route ${route.id} does not serve this method`];
  }
  return [...differentAuth(name, located, route), ...differentStream(name, located, route)];
}

function differentAuth(name: string, { operation, document }: Located, route: Route): string[] {
  const requirements = operation.security ?? document.security ?? [];
  const isEmpty = (requirement: object) => Object.keys(requirement).length === 0;
  let auth: Route['auth'] = 'required';
  if (requirements.every(isEmpty)) auth = 'public';
  else if (requirements.some(isEmpty)) auth = 'optional';
  return auth === route.auth ? [] : [`D3: ${name} is ${auth}, route ${route.id} is ${route.auth}`];
}

const streamTypes: Readonly<Record<string, Route['stream']>> = {
  'text/event-stream': 'sse',
  'application/x-ndjson': 'ndjson',
};

function differentStream(name: string, { operation }: Located, route: Route): string[] {
  const types = Object.values(operation.responses ?? {}).flatMap(({ content }) => Object.keys(content ?? {}));
  const streams = types.map((type) => streamTypes[type]).filter((stream) => stream !== undefined);
  const declared = route.stream === 'sse' || route.stream === 'ndjson' ? [route.stream] : [];
  if (streams.length === declared.length && streams.every((stream) => declared.some((other) => other === stream)))
    return [];
  return [
    `D4: ${name} answers ${streams.join(' and ') || 'no stream'}, route ${route.id} says ${declared.join() || 'none'}`,
  ];
}

function orphaned(route: Route, operations: readonly Located[], table: RouteTable): string[] {
  if (operations.some(({ path }) => table.findRoute(path)?.id === route.id)) return [];
  return [`D2: route ${route.id} (${route.path}) matches no operation`];
}

function danglingAlias({ from, to, match }: RouteFile['aliases'][number], operations: readonly Located[]): string[] {
  const leads = operations.some(({ path }) => isCaseOf(to, path) || (match === 'prefix' && path.startsWith(`${to}/`)));
  return leads ? [] : [`D6: alias ${from} leads to ${to}, which is no operation`];
}

/** Whether the path is what the template becomes with some values. */
function isCaseOf(path: string, template: string): boolean {
  const [parts, wanted] = [path.split('/'), template.split('/')];
  return parts.length === wanted.length && wanted.every((part, index) => part.startsWith('{') || part === parts[index]);
}
