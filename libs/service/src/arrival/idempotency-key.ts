import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { IdempotencyRequest } from '@idp/database';

/** 1–255 visible ASCII characters; a header that was sent twice arrives joined by a blank and fails. */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header) ? header : undefined;
}

/** What makes a request the same one: method, path with query, and the bytes of the body. */
export function idempotencyRequest(request: FastifyRequest): IdempotencyRequest | undefined {
  const { idempotencyKey: key, principal } = request;
  const plan = request.operation.plan;
  if (key === undefined || principal === undefined || plan === undefined) return undefined;
  const hash = createHash('sha256').update(`${request.method}\n${request.raw.url}\n`);
  if (request.rawBody !== undefined) hash.update(request.rawBody);
  return { key, route: plan.name, principal: principal.actor, requestHash: hash.digest('hex') };
}
