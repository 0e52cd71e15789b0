import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { securityHeaders } from '../reply/headers.ts';
import type { Health } from './health.ts';

/** What the management port shows; several services of one process show one port. */
export interface ManagementSource {
  health(): Health;
  /** Prometheus text. */
  metrics(): Promise<string>;
  info(): Promise<object>;
}

export interface ManagementServer {
  readonly port: number;
  close(): Promise<void>;
}

const getOnly = new Set(['GET', 'HEAD']);
const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves `/healthz /startupz /readyz /metrics /info` on a port that no gateway routes. `/healthz` answers while the event loop
 * turns and looks at nothing else; `/readyz` lists its checks with their age.
 */
export async function startManagement(options: {
  host: string;
  port: number;
  source: ManagementSource;
}): Promise<ManagementServer> {
  const server = createServer({ headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 });
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    answer(req, options.source).then(
      ({ status, body, type }) => send(req, res, status, body, type),
      () => send(req, res, 500, { status: 'failed' }),
    );
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Resolves when the server listens; rejects with the system's error (`EADDRINUSE`). */
async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}

interface Answer {
  status: number;
  body: object | string;
  type?: string;
}

async function answer(req: IncomingMessage, source: ManagementSource): Promise<Answer> {
  if (!getOnly.has(req.method ?? '')) return { status: 405, body: { status: 'method not allowed' } };
  switch (req.url?.split('?')[0]) {
    case '/healthz':
      return { status: 200, body: { status: 'ok' } };
    case '/startupz': {
      const { started } = source.health();
      return { status: started ? 200 : 503, body: { status: started ? 'started' : 'starting' } };
    }
    case '/readyz': {
      const { ready, checks } = source.health();
      return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not ready', checks } };
    }
    case '/metrics':
      return { status: 200, body: await source.metrics(), type: prometheusType };
    case '/info':
      return { status: 200, body: await source.info() };
    default:
      return { status: 404, body: { status: 'not found' } };
  }
}

function send(req: IncomingMessage, res: ServerResponse, status: number, body: object | string, type?: string): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  res.writeHead(status, {
    ...securityHeaders,
    'content-type': type ?? 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  res.end(req.method === 'HEAD' ? undefined : text);
}
