import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { AppError, toWire, ValidationError } from '@idp/errors';
import { errorBody } from '../reply/errors.ts';
import { jsonType, securityHeaders } from '../reply/headers.ts';
import { readOverlongHead, type OverlongPart } from './overlong-head.ts';

const statusTexts: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
};

/**
 * Answers bytes that the HTTP parser refused, with the envelope like any other error, and ends the connection: where one
 * message broke, the beginning of the next cannot be trusted. `onRefused` is told the error code, once.
 */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  onRefused: (code: string) => void,
): void {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return readOverlongHead(error, socket, (part) => {
      refuse(socket, overlong[part]);
      onRefused(overlong[part].code);
    });
  }
  const refusal = refusalOf(error.code);
  if (error.code === 'ECONNRESET') socket.destroy();
  // `end` and then `destroy`: the peer may never close its half.
  else refuse(socket, refusal, () => socket.destroy());
  onRefused(refusal.code);
}

function refuse(socket: Socket, refusal: AppError, onEnd?: () => void): void {
  if (!socket.writable || isAnswering(socket)) return void socket.destroy();
  const wire = toWire(refusal);
  const body = JSON.stringify(errorBody(wire, { requestId: randomUUID(), traceId: null }));
  const lines = [
    `HTTP/1.1 ${wire.status} ${statusTexts[wire.status] ?? 'Error'}`,
    `content-type: ${jsonType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
    'cache-control: no-store',
    `x-error-code: ${wire.code}`,
    `date: ${new Date().toUTCString()}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, onEnd);
}

const overlong: Readonly<Record<OverlongPart, AppError>> = {
  target: new AppError('URI_TOO_LONG', 'the request target is too long'),
  fields: new AppError('HEADERS_TOO_LARGE', 'the headers are too large'),
};

function refusalOf(code: string | undefined): AppError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('REQUEST_TIMEOUT', 'the request did not arrive in time');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new AppError('PAYLOAD_TOO_LARGE', 'the chunk extensions are too large');
    default:
      return new ValidationError('the request is not valid HTTP');
  }
}

interface Answering {
  _httpMessage?: { headersSent: boolean; req?: IncomingMessage } | null;
}

/**
 * Whether another answer is under way on the socket, or is still owed to an earlier, complete request: bytes written now
 * would be taken for it. Node keeps the message of the moment here and offers no public way to it.
 */
function isAnswering(socket: Socket): boolean {
  const message = (socket as Answering)._httpMessage;
  if (message === undefined || message === null) return false;
  return message.headersSent || message.req?.complete === true;
}
