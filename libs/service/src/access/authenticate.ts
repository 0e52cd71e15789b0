import type { FastifyRequest } from 'fastify';
import { AuthError } from '@idp/errors';
import type { Access, Principal, TokenVerifier } from '@idp/auth';
import type { RouteGuard } from './guard.ts';
import { handedOverPrincipal } from './handed-over.ts';
import { requireStepUp } from './step-up.ts';

/** Authenticates a request and checks the permission of its route; rejects with 401, 403 or 503. */
export type Authenticate = (request: FastifyRequest, guard: RouteGuard) => Promise<void>;

/** Bearer tokens (RFC 6750 §2.1) only: nothing here reads a cookie or a query parameter. */
export function createAuthenticate({
  verifier,
  access,
  clock,
}: {
  verifier: TokenVerifier;
  access: Access;
  clock: () => Date;
}): Authenticate {
  return async (request, guard) => {
    const principal =
      handedOverPrincipal(request.raw) ?? (await verifier.verify(bearerToken(request.headers.authorization)));
    setPrincipal(request, principal);
    if (guard.permission !== undefined) await access.requirePermission(principal, guard.permission);
    if (guard.stepUp !== undefined) requireStepUp(principal, guard.stepUp, clock());
  };
}

function bearerToken(header: string | undefined): string {
  if (header === undefined) throw new AuthError('a credential is required');
  const match = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header);
  if (match === null) throw new AuthError('the credential is not a bearer token', { code: 'INVALID_TOKEN' });
  return match[1]!;
}

function setPrincipal(request: FastifyRequest, principal: Principal): void {
  request.principal = principal;
  const { operation } = request;
  operation.actor = principal.actor;
  operation.tenantId = principal.tenantId;
  operation.sessionId = principal.sessionId;
}
