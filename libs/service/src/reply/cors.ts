import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origins } from '../access/origins.ts';

/** What a page of another origin may read beside the body. */
export const exposedHeaders =
  'RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, ETag, Link, API-Version, X-Request-Id, X-Authz-Version, Deprecation, Sunset';
const preflightHeaders = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers':
    'Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, X-CSRF-Token, X-Request-Id, X-Authz-Version, X-Request-Deadline-Ms, traceparent, tracestate',
  'access-control-max-age': '600',
};

function allowed(origin: string): Record<string, string> {
  return { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' };
}

/**
 * Lets a page of another origin read the answer (Fetch §3.2) where its tenant has registered the origin; on a public route, where nobody is
 * known, where any tenant has.
 */
export function admitOrigin(request: FastifyRequest, reply: FastifyReply, origins: Origins): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  const tenantId = request.principal?.tenantId;
  const isPublic = request.operation.plan?.guard.access === 'public';
  if (tenantId === undefined ? !isPublic || !origins.any(origin) : !origins.of(tenantId, origin)) return;
  reply.headers({ ...allowed(origin), 'access-control-expose-headers': exposedHeaders });
}

/** Answers a preflight, which says of the caller no more than its origin: fixed lists for an origin that any tenant has registered. */
export function admitPreflight(request: FastifyRequest, reply: FastifyReply, origins: Origins): void {
  const { origin } = request.headers;
  if (origin === undefined || request.headers['access-control-request-method'] === undefined) return;
  if (origins.any(origin)) reply.headers({ ...allowed(origin), ...preflightHeaders });
}
