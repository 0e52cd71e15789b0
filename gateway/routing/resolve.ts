import { AppError, NotFoundError } from '@idp/errors';
import type { Route } from './route-schema.ts';
import type { RouteTable } from './route-table.ts';

/** Where a request goes and what its answer has to say about that. */
export interface Resolution {
  route: Route;
  /** Path the service sees. */
  path: string;
  /** Target of an alias, for `Link: <…>; rel="canonical"`. */
  canonical?: string;
  /** API version of a versioned path, echoed as `API-Version`. */
  version?: number;
  /** True when the header `API-Version` had a say, so that caches must know. */
  negotiated: boolean;
}

/** Versions a client may name. */
export const apiVersions: readonly number[] = [1, 2];

const versionedPath = /^\/api\/v(\d{1,9})(?=\/|$)/;

/**
 * Order: alias, mount or protocol root, `/api/v<n>/…`, `/api/<rest>` resolved by `API-Version` (absent = 1).
 * Throws 400 `API_VERSION_UNKNOWN`, 400 `API_VERSION_CONFLICT` and 404 `NOT_FOUND`.
 */
export function resolve(table: RouteTable, path: string, versionHeader: string | undefined): Resolution {
  const alias = table.findAlias(path);
  if (alias !== undefined) {
    const route = found(table, alias.target);
    return { route, path: alias.target, canonical: alias.target, negotiated: false };
  }
  const versioned = versionedPath.exec(path);
  const direct = table.findRoute(path);
  if (versioned === null && direct !== undefined) return { route: direct, path, negotiated: false };
  const wanted = versionHeader === undefined ? undefined : knownVersion(versionHeader);
  if (versioned !== null) {
    const version = Number(versioned[1]);
    if (wanted !== undefined && wanted !== version) throw versionConflict(version, wanted);
    return { route: direct ?? notFound(), path, version, negotiated: false };
  }
  if (!path.startsWith('/api/')) return notFound();
  const target = `/api/v${wanted ?? 1}${path.slice('/api'.length)}`;
  return { route: found(table, target), path: target, version: wanted ?? 1, negotiated: true };
}

function found(table: RouteTable, path: string): Route {
  return table.findRoute(path) ?? notFound();
}

function notFound(): never {
  throw new NotFoundError('there is nothing at this path');
}

function knownVersion(header: string): number {
  const version = /^[1-9]\d{0,8}$/.test(header) ? Number(header) : Number.NaN;
  if (apiVersions.includes(version)) return version;
  throw new AppError('API_VERSION_UNKNOWN', 'API-Version names no version of this API', {
    details: { supported: apiVersions },
  });
}

function versionConflict(path: number, header: number): AppError {
  return new AppError('API_VERSION_CONFLICT', `the path asks for version ${path}, the header for version ${header}`);
}
