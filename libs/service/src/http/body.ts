import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError, PayloadTooLargeError, ValidationError } from '@idp/errors';
import { createJsonParser } from '../json/parse-json.ts';
import { jsonLimits } from '../json/json-limits.ts';
import type { RoutePlan } from './route-plan.ts';

/** Leaves one parser: JSON from bytes. Everything else is 415, unless a plugin takes it for its own routes. */
export function installBodyParser(app: FastifyInstance): void {
  const parseJson = createJsonParser();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const plan = request.operation.plan;
      const bytes = body as Buffer;
      if (plan?.takesBody === false && bytes.length > 0) throw new ValidationError('this operation takes no body');
      if (plan?.keepsRawBody === true || request.idempotencyKey !== undefined) request.rawBody = bytes;
      done(null, parseJson(bytes, plan?.json ?? jsonLimits));
    } catch (error) {
      done(error as Error);
    }
  });
}

/**
 * Refuses a body by its headers, before a byte of it is read: too long, encoded, or in another charset than UTF-8.
 * A body on a method that takes none is left unread.
 */
export function bodyFault(req: IncomingMessage, plan: RoutePlan): AppError | undefined {
  const { headers } = req;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return new AppError('UNSUPPORTED_MEDIA_TYPE', 'encoded bodies are not taken');
  }
  const type = headers['content-type'];
  if (type !== undefined && type.length > 16 && hasOtherCharset(type)) {
    return new AppError('UNSUPPORTED_MEDIA_TYPE', 'only UTF-8 is taken');
  }
  const length = headers['content-length'];
  if (length !== undefined && Number(length) > plan.bodyLimit) {
    return new PayloadTooLargeError(`the body is larger than ${plan.bodyLimit} bytes`);
  }
  return undefined;
}

function hasOtherCharset(contentType: string): boolean {
  const match = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(contentType);
  return match !== null && match[1]!.toLowerCase() !== 'utf-8' && match[1]!.toLowerCase() !== 'utf8';
}

/** True where the rest of an unread body is worth reading, to keep the connection for the next request. */
export function isSmallBody(request: FastifyRequest): boolean {
  const { headers } = request.raw;
  if (headers['transfer-encoding'] !== undefined) return false;
  return headers['content-length'] === undefined || Number(headers['content-length']) <= 65_536;
}
