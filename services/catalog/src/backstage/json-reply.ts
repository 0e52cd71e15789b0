import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/** The parts of Fastify's reply used here, which every reply has whatever its route declares. */
interface Reply {
  header(name: never, value: string): unknown;
  code(status: never): unknown;
  type(contentType: string): unknown;
  send(body: never): unknown;
}

/**
 * Sends JSON text with a weak ETag, or 304 when the client has it already (RFC 9110 §13.1.2: `If-None-Match` compares
 * weakly).
 */
export function sendJson<R extends Reply>(request: FastifyRequest, reply: R, text: string, status = 200): R {
  const body = Buffer.from(text);
  const etag = `W/"${body.length.toString(16)}-${hash('sha1', body, 'base64url')}"`;
  reply.header('etag' as never, etag);
  if (status === 200 && isKnown(request.headers['if-none-match'], etag)) {
    reply.code(304 as never);
    reply.send(undefined as never);
    return reply;
  }
  reply.code(status as never);
  reply.type('application/json; charset=utf-8');
  // Bytes pass the serializer unchanged; the declared type of the answer describes what they spell.
  reply.send(body as never);
  return reply;
}

function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const opaque = etag.slice(2);
  return header.split(',').some((part) => {
    const candidate = part.trim();
    return candidate === '*' || candidate === opaque || candidate === etag;
  });
}
