import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '@idp/errors';
import { etag, ifMatch } from '@idp/database';

/**
 * Sets `ETag` and says whether the caller has this version already (`If-None-Match`, RFC 9110 §13.1.2): then the handler
 * answers `reply.code(304).send()`. Takes a version number or, for answers without one, a quoted entity tag.
 */
export function isUnchanged(request: FastifyRequest, reply: FastifyReply, version: number | string): boolean {
  const tag = typeof version === 'number' ? etag(version) : version;
  reply.header('etag', tag);
  const known = request.headers['if-none-match'];
  if (known === undefined) return false;
  // Weak comparison (§8.8.3.2): `W/"3"` and `"3"` are the same to a reader.
  return (
    known.trim() === '*' || known.split(',').some((item) => item.trim().replace(/^W\//, '') === tag.replace(/^W\//, ''))
  );
}

/**
 * Checks `If-Match` of an update against the version in hand, inside its transaction: 412 where it names another. With
 * `required`, a request without it gets 428.
 */
export function requireMatch(request: FastifyRequest, version: number, { required = false } = {}): void {
  const header = request.headers['if-match'];
  if (header === undefined && required) {
    throw new AppError('PRECONDITION_REQUIRED', 'this operation needs If-Match');
  }
  ifMatch(header, version);
}
