import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { CredentialVerifier, Principal } from '@idp/auth';
import { AuthError } from '@idp/errors';
import { createTelemetry } from '@idp/telemetry';
import { createHostList } from '@idp/service';
import { createEdge, type EdgeOptions } from '../edge/edge.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../embedded/gateway.ts';
import { accessLogFields } from '../embedded/pipeline/access-log.ts';
import type { Upstream } from '../embedded/pipeline/handler.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import { routes } from '../routes.ts';

/** What an echoing service received. */
export interface Echo {
  service: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  rawHeaders: string[];
  body: string;
}

export interface StartedGateway extends AsyncDisposable {
  gateway: Gateway;
  port: number;
  url: string;
  /** Parsed access log lines so far. */
  log: Record<string, unknown>[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Sends bytes on a socket of their own and resolves to everything that comes back until the other end closes. */
  raw(bytes: string): Promise<string>;
  /** The same, by a client that looks at the answer only when all bytes are out. */
  rawAfterWriting(bytes: string): Promise<string>;
  /** Sends a body that never ends; resolves to the bytes that were taken until the connection went. */
  rawWithoutEnd(head: string): Promise<number>;
}

const offLimits: RateLimits = {
  take: () => Promise.resolve(undefined),
  takeFailedKey: () => Promise.resolve(undefined),
  show: () => Promise.resolve([]),
};

export const goodToken = 'good.token.signature';

/** A gateway on a free port in front of services that answer with what they got. */
export async function startGateway(
  options: Partial<GatewayOptions> & {
    edge?: never;
    edgeOptions?: Partial<EdgeOptions>;
    upstreams?: Record<string, Upstream>;
    verifier?: Pick<CredentialVerifier, 'verify'>;
    /** Its scheme decides the names of cookies; default `http://localhost`. */
    publicUrl?: string;
    /** Absent, nothing is counted. */
    limits?: RateLimits;
  } = {},
): Promise<StartedGateway> {
  const log: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) };
  const telemetry = createTelemetry({
    service: 'gateway',
    version: 'test',
    level: 'info',
    destination,
    fields: accessLogFields,
  });
  const { edgeOptions, upstreams, verifier = { verify }, limits, publicUrl = 'http://localhost', ...rest } = options;
  const edge = createEdge({
    health: () => Promise.resolve([{ name: 'auth', status: 'ok', version: '1' }]),
    documents: { merged: () => Promise.resolve({ openapi: '3.1.0' }), service: () => Promise.resolve(undefined) },
    limits: () => limits ?? offLimits,
    home: {
      sections: [],
      call: () => Promise.reject(new Error('no section is asked for')),
      versionOf: () => undefined,
      metrics: telemetry.metrics,
    },
    securityContact: () => 'mailto:security@example.org',
    publicUrl: () => 'https://idp.example.org',
    exposeDocs: true,
    ...edgeOptions,
  });
  const gateway = createGateway({
    routes,
    hosts: createHostList({ publicUrl: 'http://localhost', publicHosts: ['idp.example.org'] }),
    trustedProxies: [],
    allowedOrigins: ['https://portal.example.org'],
    telemetry,
    ...rest,
    edge,
  });
  const port = await gateway.listen(0, '127.0.0.1');
  gateway.open({
    upstreams: { auth: echo('auth'), catalog: echo('catalog'), ...upstreams },
    verifier,
    publicUrl,
    ...(limits !== undefined && { limits }),
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    gateway,
    port,
    url,
    log,
    fetch: (path, init) => fetch(url + path, { redirect: 'manual', ...init }),
    raw: (bytes) => exchange(port, bytes),
    rawAfterWriting: (bytes) => readAfterWriting(port, bytes),
    rawWithoutEnd: (head) => writeWithoutEnd(port, head),
    [Symbol.asyncDispose]: () => gateway.close(0),
  };
}

function verify(token: string): Promise<Principal> {
  if (token === goodToken) return Promise.resolve({ id: 'user-1', tenantId: 'tenant-1' } as Principal);
  if (token.startsWith('idp_')) {
    return Promise.reject(new AuthError('the API key is not valid', { code: 'INVALID_API_KEY' }));
  }
  return Promise.reject(new AuthError('the access token is not valid', { code: 'INVALID_TOKEN' }));
}

export const bearer = { authorization: `Bearer ${goodToken}` };

export function echo(service: string): Upstream {
  return (req: IncomingMessage, res) => {
    void text(req).then((body) => {
      const { method, url, headers, rawHeaders } = req;
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ service, method, url, headers, rawHeaders, body }));
    });
  };
}

/** The other end may close while we still write: what it said until then counts. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.write(bytes, 'latin1');
  });
}

/** A client that looks at the answer only when its request is out. */
async function readAfterWriting(port: number, bytes: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const failed = once(socket, 'error').then(([error]) => Promise.reject(error as Error));
  socket.pause();
  const written = new Promise<void>((resolve) => {
    socket.write(bytes, 'latin1', () => resolve());
  });
  await Promise.race([written, failed]);
  socket.resume();
  const answer = await Promise.race([text(socket), failed]);
  socket.destroy();
  failed.catch(() => undefined);
  return answer;
}

/** Writes as long as the other side takes it; resolves to the number of bytes it took. */
async function writeWithoutEnd(port: number, head: string): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(head, 'latin1');
  const piece = Buffer.alloc(64 * 1024);
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
  await closed;
  return socket.bytesWritten;
}
