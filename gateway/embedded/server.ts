import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AppError, PermissionError, ValidationError } from '@idp/errors';
import { lingerOnUnreadBodies, readOverlongHead } from '@idp/service';
import { rawErrorAnswer } from './pipeline/answer.ts';
import { GatewayResponse } from './pipeline/exchange.ts';
import type { Pipeline } from './pipeline/handler.ts';

/** Limits of connections; docs/security.md lists them. */
const limits = {
  headerBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  // Node only looks every 30 s by itself: a slow client would hold its socket 40 s.
  checkMs: 1_000,
  keepAliveMs: 72_000,
  requestsPerSocket: 1_000,
  socketsPerAddress: 200,
};

/** The HTTP/1.1 listener in front of a pipeline. `isExempt` says which peers are proxies that stand for many clients. */
export function createGatewayServer(
  pipeline: Pipeline,
  { isExempt }: { isExempt: (address?: string) => boolean },
): Server {
  const server = createServer({
    ServerResponse: GatewayResponse as unknown as typeof ServerResponse<IncomingMessage>,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.keepAliveMs,
    // Other protocols offered in `Upgrade` (h2c) are ignored, as RFC 9110 §7.8 allows.
    shouldUpgradeCallback: (req) => /\bwebsocket\b/i.test(req.headers.upgrade ?? ''),
  });
  server.maxRequestsPerSocket = limits.requestsPerSocket;
  // Beyond the limit Node drops fields silently; the pipeline counts them and refuses.
  server.maxHeadersCount = 0;
  server.on('request', (req, res) => pipeline(req, res as GatewayResponse));
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) =>
    pipeline(req, res as GatewayResponse, () => res.writeContinue()),
  );
  server.on('checkExpectation', (_req: IncomingMessage, res: ServerResponse) =>
    endRaw(res.socket, new AppError('EXPECTATION_FAILED', 'only 100-continue can be expected')),
  );
  server.on('upgrade', (_req, socket: Socket) => endRaw(socket, new PermissionError('no WebSocket here')));
  server.on('connect', (_req, socket: Socket) =>
    endRaw(socket, new AppError('METHOD_NOT_ALLOWED', 'the method is not allowed here')),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerParserError(error, socket as Socket));
  lingerOnUnreadBodies(server);
  limitSockets(server, isExempt);
  return server;
}

function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    // It ends the connection itself, when the client has stopped sending.
    return readOverlongHead(error, socket, (part) => endRaw(socket, overlong[part], () => undefined));
  }
  const timeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  endRaw(
    socket,
    timeout
      ? new AppError('REQUEST_TIMEOUT', 'the request did not arrive in time')
      : new ValidationError('this is not a valid HTTP request'),
  );
}

const overlong = {
  target: new AppError('URI_TOO_LONG', 'the request target is too long'),
  fields: new AppError('HEADERS_TOO_LARGE', `the request headers are larger than ${limits.headerBytes} bytes`),
};

function endRaw(socket: Socket | null, error: AppError, onEnd: () => void = () => socket?.destroy()): void {
  if (socket === null || !socket.writable) return;
  // An answer of an earlier request may be half out: bytes in its middle would be taken for its body.
  const current = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
  if (current?.headersSent === true) return void socket.destroy();
  socket.end(rawErrorAnswer(error), onEnd);
}

/** A peer with more sockets than the limit gets no further ones. */
function limitSockets(server: Server, isExempt: (address?: string) => boolean): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress;
    if (address === undefined || isExempt(address)) return;
    const count = (counts.get(address) ?? 0) + 1;
    if (count > limits.socketsPerAddress) return void socket.destroy();
    counts.set(address, count);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
  });
}
