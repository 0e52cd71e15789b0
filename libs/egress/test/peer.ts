import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Identity } from './certificates.ts';

/** How a peer answers every request. */
export interface Serve {
  status?: number;
  headers?: Readonly<Record<string, string>>;
  body?: Iterable<Buffer>;
  bodyBytes?: number;
  rawResponse?: string;
  redirects?: number;
  silent?: boolean;
  dripBytesPerSecond?: number;
}

export interface Peer extends AsyncDisposable {
  readonly port: number;
  readonly connections: number;
  /** Connections open now. */
  readonly open: number;
  readonly bytesSent: number;
  /** Header sections as they arrived. */
  readonly requests: readonly string[];
}

/** A scripted HTTP/1.1 server on one loopback address, over TLS when it has an identity. It counts whoever connects. */
export async function startPeer(options: {
  address: string;
  port?: number;
  serve?: Serve;
  identity?: Identity;
}): Promise<Peer> {
  const { address, serve = {}, identity } = options;
  const sockets = new Set<Socket>();
  const seen = { connections: 0, requests: [] as string[], bytesSent: 0 };
  const server: Server =
    identity === undefined ? createServer() : createTlsServer({ cert: identity.cert, key: identity.key });
  server.on('connection', (socket: Socket) => {
    seen.connections++;
    sockets.add(socket);
    socket
      .on('error', () => {})
      .on('close', () => {
        seen.bytesSent += socket.bytesWritten;
        sockets.delete(socket);
      });
  });
  server.on(identity === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('error', () => {});
    let head = '';
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      seen.requests.push(head);
      head = '';
      void answer(socket, serve, seen.requests.length);
    });
  });
  server.listen(options.port ?? 0, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return seen.connections;
    },
    get open() {
      return sockets.size;
    },
    get bytesSent() {
      return seen.bytesSent;
    },
    requests: seen.requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(socket: Socket, serve: Serve, count: number): Promise<void> {
  if (serve.silent === true) return;
  if (serve.rawResponse !== undefined) return void socket.write(serve.rawResponse);
  const redirect = serve.redirects !== undefined && count <= serve.redirects;
  const status = redirect ? 302 : (serve.status ?? 200);
  const headers = { ...serve.headers, ...(redirect ? { Location: `/${count}` } : {}), Connection: 'close' };
  const lines = Object.entries(headers).map(([name, text]) => `${name}: ${text}\r\n`);
  const length = serve.bodyBytes === undefined ? '' : `Content-Length: ${serve.bodyBytes}\r\n`;
  socket.write(`HTTP/1.1 ${status} X\r\n${lines.join('')}${length}\r\n`);
  if (serve.dripBytesPerSecond !== undefined) return drip(socket, 1_000 / serve.dripBytesPerSecond);
  for (const chunk of serve.body ?? filler(serve.bodyBytes ?? 0)) {
    if (socket.destroyed) return;
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
  }
  socket.end();
}

function drip(socket: Socket, everyMs: number): void {
  const timer = setInterval(() => socket.write('x'), everyMs);
  socket.on('close', () => clearInterval(timer));
}

function* filler(bytes: number): Generator<Buffer> {
  const block = Buffer.alloc(64 * 1024, 'a');
  for (let left = bytes; left > 0; left -= block.length) yield left >= block.length ? block : block.subarray(0, left);
}
