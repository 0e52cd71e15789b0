import type { FastifyRequest } from 'fastify';
import { AuthError } from '@idp/errors';
import type { PermissionManifest, Principal } from '@idp/auth';
import type { RouteSettings } from '../http/types.ts';
import type { StepUp } from './step-up.ts';

/** Decision of a route about its callers, made once at registration. */
export interface RouteGuard {
  access: 'public' | 'authenticated' | 'service';
  /** Checked after authentication. */
  permission: string | undefined;
  /** Held anywhere in the tenant it suffices. */
  part: boolean;
  /** Of the route, else of its permission. Checked last: who may not gains nothing by signing in again. */
  stepUp: StepUp | undefined;
}

/** A service whose routes or schemas are incomplete does not start. */
export class RouteError extends Error {
  constructor(route: string, problem: string) {
    super(`${route}: ${problem}`);
    this.name = 'RouteError';
  }
}

/**
 * The guard a route declares. Throws RouteError for none, for two, for a permission the manifest does not hold, and for a
 * step-up that nobody could be asked for.
 */
export function routeGuard(route: string, settings: RouteSettings, manifest: PermissionManifest): RouteGuard {
  const { access, permission, stepUp, part = false } = settings;
  if (permission !== undefined) {
    if (access !== undefined) throw new RouteError(route, 'declares access and permission; one decides');
    if (!Object.hasOwn(manifest, permission)) throw new RouteError(route, `permission ${permission} is in no manifest`);
    return { access: 'authenticated', permission, part, stepUp: stepUp ?? manifest[permission]?.stepUp };
  }
  if (access !== 'public' && access !== 'authenticated' && access !== 'service') {
    throw new RouteError(route, "declares neither a permission nor access 'authenticated', 'service' or 'public'");
  }
  if (access === 'service' && !route.includes(' /internal/')) {
    throw new RouteError(route, 'is for services alone and lies where the gateway leads');
  }
  if (part) throw new RouteError(route, 'declares part and no permission');
  if (access === 'public' && stepUp !== undefined) throw new RouteError(route, 'asks a public caller for a step-up');
  return { access, permission: undefined, part, stepUp };
}

/** The caller of an authenticated route; 401 `AUTH_REQUIRED` on a public one. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = request.principal;
  if (principal === undefined) throw new AuthError('a credential is required');
  return principal;
}
