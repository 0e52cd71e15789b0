import type { FastifyRequest } from 'fastify';
import { AuthError, PermissionError } from '@idp/errors';
import type { Limiter } from '@idp/cache';
import type { Access, CredentialVerifier, Principal, TokenVerifier } from '@idp/auth';
import type { Metrics } from '@idp/telemetry';
import { seenVersionOf } from '../arrival/seen-version.ts';
import { credentialOf } from './credential.ts';
import { requireCsrfToken, requireOwnOrigin } from './csrf.ts';
import type { RouteGuard } from './guard.ts';
import { noOrigins, type Origins } from './origins.ts';
import { createServiceCredential } from './service-credential.ts';
import { handedOverPrincipal } from './handed-over.ts';
import { createKeyLimit } from './key-limit.ts';
import { sessionCookieNames } from './session-cookies.ts';
import { requireStepUp } from './step-up.ts';

/** Authenticates a request and checks the permission of its route; rejects with 401, 403 or 503. */
export type Authenticate = (request: FastifyRequest, guard: RouteGuard) => Promise<void>;

export interface AuthenticateParts {
  /** Of what callers from outside show. */
  verifier: CredentialVerifier;
  /** Of tokens that name this service as their audience: of services that call internal routes, or on behalf of somebody. */
  serviceVerifier: TokenVerifier;
  access: Access;
  limiter: Limiter;
  publicUrl: string;
  /** Origins of tenants; default none. */
  origins?: Origins;
  metrics: Metrics;
  clock: () => Date;
}

/**
 * Bearer tokens, API keys and the access cookie; nothing here reads a query parameter. A cookie that would change something also needs the
 * origin and the CSRF value of its session.
 */
export function createAuthenticate(parts: AuthenticateParts): Authenticate {
  const { verifier, serviceVerifier, access, publicUrl, origins = noOrigins, metrics, clock } = parts;
  const cookies = sessionCookieNames(publicUrl);
  const services = createServiceCredential(serviceVerifier, cookies);
  const chargeKey = createKeyLimit(parts.limiter);
  const csrfFailures = metrics.counter('csrf_failed_total', 'Cookie requests refused as forged');

  async function callerOf(request: FastifyRequest): Promise<Principal> {
    const credential = credentialOf(request.headers, cookies);
    if (credential === undefined) throw new AuthError('a credential is required');
    const handedOver = handedOverPrincipal(request.raw);
    const principal = handedOver ?? (await verifier.verify(credential.text, { ip: request.operation.ip }));
    // A gateway that verifies counts, too.
    if (handedOver === undefined) await chargeKey(principal);
    if (credential.from === 'cookie' && request.operation.plan?.mutates === true) {
      try {
        requireOwnOrigin(request.headers, publicUrl, (origin) => origins.of(principal.tenantId, origin));
        requireCsrfToken(request.headers, principal.xsrf);
      } catch (error) {
        if (error instanceof PermissionError) csrfFailures.inc();
        throw error;
      }
    }
    return services.bind(principal, request.headers);
  }

  return async (request, guard) => {
    const principal = await (guard.access === 'service'
      ? services.serviceOf(request.headers.authorization)
      : callerOf(request));
    setPrincipal(request, principal);
    request.operation.seenVersion = seenVersionOf(request.headers['x-authz-version']);
    await requirePermission(access, principal, guard);
    if (guard.stepUp !== undefined) requireStepUp(principal, guard.stepUp, clock());
  };
}

function setPrincipal(request: FastifyRequest, principal: Principal): void {
  request.principal = principal;
  const { operation } = request;
  operation.actor = principal.actor;
  operation.tenantId = principal.tenantId;
  operation.sessionId = principal.sessionId;
  if (principal.keyId !== undefined) operation.onBehalfOf = `${principal.type}:${principal.id}`;
}

async function requirePermission(
  access: Access,
  principal: Principal,
  { permission, part }: RouteGuard,
): Promise<void> {
  if (permission === undefined) return;
  if (!part) return access.requirePermission(principal, permission);
  const rights = await access.rights(principal, permission);
  // Whoever holds it nowhere does not hold it in the tenant either: this says why.
  if (!rights.somewhere) rights.require();
}
