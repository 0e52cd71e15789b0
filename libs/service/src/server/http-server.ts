import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { markContinue } from './continue.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { lingerOnUnreadBodies } from './linger.ts';

const keepAliveMs = 72_000;

export interface HttpServerOptions {
  handle: RequestListener;
  /** Called for requests that ended before they were requests: broken syntax, oversized headers, time over. */
  onRejected?: (reason: string) => void;
}

/**
 * HTTP server with the limits of the fleet: 10 s for headers, 15 s for a whole request, checked every second (Node's
 * default of 30 s would let a slow client hold a socket for 40), keep-alive above the usual balancer's 60 s, 1,000 requests
 * a socket. Headers are read up to 32 KiB so that the application, which counts 16 KiB, can answer 431 with its envelope.
 */
export function createHttpServer({ handle, onRejected }: HttpServerOptions): Server {
  const server = createServer(
    {
      maxHeaderSize: 32 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: 1000,
      requireHostHeader: false,
    },
    handle,
  );
  server.maxRequestsPerSocket = 1000;
  // Above this many Node drops headers silently; the application refuses from 101 on.
  server.maxHeadersCount = 250;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    answerBrokenRequest(error, socket as Socket, (code) => onRejected?.(code));
  });
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    markContinue(req);
    handle(req, res);
  });
  // The application refuses it with its envelope; Node would answer 417 without one.
  server.on('checkExpectation', handle);
  lingerOnUnreadBodies(server);
  return server;
}
