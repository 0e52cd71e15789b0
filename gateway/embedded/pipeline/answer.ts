import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { toWire, type WireError } from '@idp/errors';

/** Ids an answer carries; null where the request never got that far. */
export interface AnswerIds {
  requestId: string | null;
  traceId: string | null;
}

/** On every answer the gateway makes itself (docs/security.md). */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-site',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

const jsonType = 'application/json; charset=utf-8';

/** `{ error, meta }` of the platform. */
export function envelopeOf(wire: WireError, ids: AnswerIds): string {
  const { code, message, details } = wire;
  const { requestId, traceId } = ids;
  const error = details === undefined ? { code, message } : { code, message, details };
  return JSON.stringify({ error, meta: { requestId, traceId } });
}

/** Names Backstage's error types have for these statuses (`@backstage/errors`). */
export const backstageNames: Readonly<Record<number, string>> = {
  400: 'InputError',
  401: 'AuthenticationError',
  403: 'NotAllowedError',
  404: 'NotFoundError',
  409: 'ConflictError',
  413: 'PayloadTooLargeError',
  503: 'ServiceUnavailableError',
};

/** Backstage's error body, for its mounts. */
export function backstageBodyOf(wire: WireError, request: { method: string; url: string }): string {
  const name = backstageNames[wire.status] ?? 'Error';
  return JSON.stringify({ error: { name, message: wire.message }, request, response: { statusCode: wire.status } });
}

/** Writes an error as the whole answer. `form` is Backstage's where the request aimed at one of its mounts. */
export function answerError(
  res: ServerResponse,
  error: unknown,
  ids: AnswerIds,
  form: { backstage?: { method: string; url: string } | undefined; headers?: Record<string, string> } = {},
): WireError {
  const wire = toWire(error);
  const body = form.backstage === undefined ? envelopeOf(wire, ids) : backstageBodyOf(wire, form.backstage);
  // To keep the connection, what the client still sends would have to be read.
  if (sendsMuch(res.req)) res.setHeader('connection', 'close');
  answerWith(res, wire.status, { ...wire.headers, ...form.headers, 'cache-control': 'no-store' }, body);
  return wire;
}

const readToTheEndBytes = 64 * 1024;

function sendsMuch(req: IncomingMessage): boolean {
  return (
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > readToTheEndBytes
  );
}

/** Writes a whole answer with the security headers; a `HEAD` request gets the headers alone. */
export function answerWith(
  res: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  const bytes = Buffer.from(body);
  res.writeHead(status, {
    ...securityHeaders,
    'content-type': jsonType,
    'content-length': String(bytes.length),
    ...headers,
  });
  res.end(res.req.method === 'HEAD' ? undefined : bytes);
}

/** An answer for connections where there is no request object: parser errors and refused upgrades. */
export function rawErrorAnswer(error: unknown): string {
  const wire = toWire(error);
  const body = envelopeOf(wire, { requestId: null, traceId: null });
  const headers = { ...securityHeaders, ...wire.headers, 'content-type': jsonType, connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 ${wire.status} ${STATUS_CODES[wire.status]}\r\n${lines.join('\r\n')}\r\ncontent-length: ${length}\r\n\r\n${body}`;
}
