import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, PayloadTooLargeError, toWire, ValidationError, type WireError } from '@idp/errors';
import type { Logger } from '@idp/telemetry';
import { jsonType } from './headers.ts';

/** Body of an error answer. */
export function errorBody(wire: WireError, ids: { requestId: string | null; traceId: string | null }) {
  const error: { code: string; message: string; details?: unknown } = { code: wire.code, message: wire.message };
  if (wire.details !== undefined) error.details = wire.details;
  return { error, meta: { requestId: ids.requestId, traceId: ids.traceId } };
}

/** Errors of the framework as ours; anything else is returned as it is. */
export function knownError(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const { code } = error as FastifyError;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new PayloadTooLargeError('the body is larger than this operation takes', { cause: error });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return new AppError('UNSUPPORTED_MEDIA_TYPE', 'this operation takes application/json', { cause: error });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ValidationError('the body is not as long as Content-Length says', { cause: error });
    case 'FST_ERR_BAD_URL':
      return new ValidationError('the path is not valid percent-encoded UTF-8', { cause: error });
    default:
      return error;
  }
}

/**
 * Answers an error: envelope, `X-Error-Code`, and a log line for what is our fault. Used for errors of handlers and hooks,
 * for unknown routes, and for paths the router could not read.
 */
export function createErrorReply({ logger }: { logger: Logger }) {
  return function replyWithError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const error = isCutOff(request) ? new ValidationError('the request ended before its body') : knownError(thrown);
    const wire = toWire(error);
    const { operation } = request;
    if (operation !== undefined) operation.errorCode = wire.code;
    if (wire.status >= 500) logger.error({ err: error, code: wire.code, route: routeOf(request) }, 'request failed');
    const ids = { requestId: operation?.requestId ?? request.id, traceId: operation?.traceId ?? null };
    return reply
      .code(wire.status)
      .headers(wire.headers)
      .header('content-type', jsonType)
      .header('cache-control', 'no-store')
      .header('x-error-code', wire.code)
      .serializer(JSON.stringify)
      .send(errorBody(wire, ids));
  };
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.config?.plan?.name ?? 'unmatched';
}

/** The client left while its body was on the way: nobody's fault here, whatever the stream's error is called. */
function isCutOff({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}
