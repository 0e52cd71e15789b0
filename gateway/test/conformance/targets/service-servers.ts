import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Service } from './services.ts';

/** A service on a port of 127.0.0.1. */
export interface ServiceServer {
  port: number;
  stop(): Promise<void>;
}

export async function startServiceServer(service: Service): Promise<ServiceServer> {
  const server = createServer(service);
  server.on('upgrade', (_req, socket: Duplex) => acceptSocket(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** RFC 6455 §4.2.2, and the end. */
function acceptSocket(socket: Duplex): void {
  const accept = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
  socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\n`);
}
