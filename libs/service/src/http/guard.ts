import type { FastifyRequest } from 'fastify';
import { AuthError } from '@idp/errors';
import type { Principal } from '@idp/auth';

/** Decision of a route, made once at registration. */
export interface RouteGuard {
  access: 'public' | 'authenticated';
  /** Checked after authentication. */
  permission: string | undefined;
}

/** The caller of an authenticated route; 401 `AUTH_REQUIRED` on a public one. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = request.principal;
  if (principal === undefined) throw new AuthError('a credential is required');
  return principal;
}
