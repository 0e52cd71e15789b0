import { MissingError } from './missing.ts';
import type { PreparedOperation } from './target.ts';

/** A place an item of class http is sent to. */
export interface Route {
  prepared: PreparedOperation;
  /** The route the item names exists; false: another of the same kind takes its place. */
  exact: boolean;
}

/** Service and operation, as outcomes name them. */
export function placeOf({ prepared, exact }: Route): string {
  return `${prepared.target.name} ${prepared.operation.id}${exact ? '' : ' (stands in)'}`;
}

/**
 * Routes that items name for what they are (a JSON route, a list), not for what they do. Until the named one exists, every operation of the
 * same kind takes the item.
 */
const kinds: readonly { route: RegExp; fits: (prepared: PreparedOperation) => boolean }[] = [
  { route: /^POST \/api\/v1\/auth\/authz\/check$/, fits: takesJson },
  { route: /^POST \/api\/v1\/(teams|api-keys)$/, fits: creates },
  {
    route: /^GET \/api\/v1\/users$/,
    fits: ({ operation }) => operation.method === 'GET' && !operation.path.includes('{') && lists(operation.path),
  },
  {
    route: /^GET \/api\/v1\/users\/[^/]+$/,
    fits: ({ operation }) => operation.method === 'GET' && endsWithParameter(operation.path),
  },
  {
    route: /^DELETE \/api\/v1\/auth\/sessions\/[^/]+$/,
    fits: ({ operation }) => operation.method === 'DELETE' && endsWithParameter(operation.path),
  },
];

/** Where to send `METHOD /path`: the operation itself, or those that stand in for it. Throws {@link MissingError} when there is none. */
export function routesFor(method: string, path: string, operations: readonly PreparedOperation[]): readonly Route[] {
  const exact = operations.filter(
    ({ operation, target }) =>
      operation.method === method && pathsOf(path, target.gateway).some((each) => matches(operation.path, each)),
  );
  if (exact.length > 0) return exact.map((prepared) => ({ prepared, exact: true }));
  const kind = kinds.find(({ route }) => route.test(`${method} ${path}`));
  const found = kind === undefined ? [] : operations.filter((prepared) => kind.fits(prepared));
  if (found.length === 0)
    throw new MissingError('route', `${method} ${path.replace(/[^/]*«[^/]*|[0-9a-f-]{36}/g, '…')}`);
  return found.map((prepared) => ({ prepared, exact: false }));
}

/** A path as it is, and at the gateway the path of version 1 that one without a version leads to. */
export function pathsOf(path: string, gateway = false): string[] {
  return gateway && /^\/api\/(?!v\d)/.test(path) ? [path, path.replace('/api/', '/api/v1/')] : [path];
}

export function matches(template: string, path: string): boolean {
  const pattern = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(path);
}

/** Routes of operators stand in for none: the items are sent by members. */
function takesJson({ operation }: PreparedOperation): boolean {
  return operation.method === 'POST' && operation.body !== undefined && !operation.path.includes('/ops/');
}

function creates({ operation, target }: PreparedOperation): boolean {
  return (
    takesJson({ operation } as PreparedOperation) &&
    operation.statuses.includes('201') &&
    operation.path.startsWith('/api/v1/') &&
    target.name !== ''
  );
}

function lists(path: string): boolean {
  return !/\/(me|jwks\.json|health)$|\.well-known/.test(path);
}

function endsWithParameter(path: string): boolean {
  return /\/\{[^}]+\}$/.test(path);
}

/** One stand-in for each service is enough for what happens before routing; one that asks for a credential is preferred. */
export function onePerTarget(routes: readonly Route[]): readonly Route[] {
  const sorted = routes.toSorted(
    (left, right) => Number(left.prepared.operation.public) - Number(right.prepared.operation.public),
  );
  const targets = new Set(sorted.map(({ prepared }) => prepared.target));
  return [...targets].flatMap((target) => sorted.find(({ prepared }) => prepared.target === target) ?? []);
}
