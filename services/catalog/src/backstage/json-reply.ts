import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { isUnchanged } from '@idp/service';

/** The parts of Fastify's reply used here, which every reply has whatever its route declares. */
interface Reply {
  code(status: never): unknown;
  type(contentType: string): unknown;
  send(body: never): unknown;
}

/**
 * Sends JSON text with a weak ETag, or 304 when the client has it already (RFC 9110 §13.1.2: `If-None-Match` compares
 * weakly).
 */
export function sendJson<R extends Reply>(request: FastifyRequest, reply: R, text: string): R {
  const etag = `W/"${text.length.toString(16)}-${hash('sha1', text, 'base64url')}"`;
  if (isUnchanged(request, reply as never, etag)) {
    reply.code(304 as never);
    reply.send(undefined as never);
    return reply;
  }
  reply.type('application/json; charset=utf-8');
  // A text passes the serializer unchanged and leaves in one write with the headers; the declared type of the answer
  // describes what it spells.
  reply.send(text as never);
  return reply;
}

/** An answer without a body: what is sent as `null` elsewhere would be four bytes of JSON. */
export function sendEmpty<R extends Reply>(reply: R, status: 200 | 204): R {
  reply.code(status as never);
  reply.send(undefined as never);
  return reply;
}
