import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { freePort, startEnvoy, type EnvoyBinary } from '@idp/tools';
import { renderEnvoy } from '../../../generate/envoy/render.ts';
import { envoyTemplates } from '../../../generate/envoy/templates.ts';
import { createIssuer, publicUrl } from './issuer.ts';
import { suiteRoutes } from './routes.ts';
import { createServices, type Service } from './services.ts';
import type { Target } from './target.ts';

/** A real Envoy with generated files, and each service on a port of its own. */
export async function startEnvoyTarget(binary: EnvoyBinary): Promise<Target> {
  const issuer = await createIssuer();
  const { seen, services } = createServices(issuer);
  const servers = await Promise.all(Object.entries(services).map(([name, service]) => serve(name, service)));
  const directory = await mkdtemp(join(tmpdir(), 'idp-conformance-'));
  const [port, adminPort, nobodysPort] = [await freePort(), await freePort(), await freePort()];
  const endpoints = Object.fromEntries(servers.map(({ name, port: at }) => [name, [{ host: '127.0.0.1', port: at }]]));
  const config = await renderEnvoy(suiteRoutes, envoyTemplates(suiteRoutes), {
    publicUrl,
    publicHosts: ['idp.example.org'],
    trustedProxies: [],
    allowedOrigins: ['https://portal.example.org'],
    listen: { host: '127.0.0.1', port },
    adminPort,
    endpoints: { ...endpoints, dead: [{ host: '127.0.0.1', port: nobodysPort }] },
    folder: join(directory, 'config'),
  });
  const log: Record<string, unknown>[] = [];
  const onLog = (line: string): void => {
    if (line.startsWith('{')) log.push(JSON.parse(line) as Record<string, unknown>);
  };
  const envoy = await startEnvoy({ directory, config, adminPort, binary, onLog });
  return {
    name: 'envoy',
    capabilities: new Set([
      'upstream-errors',
      'retries',
      'counted-bodies',
      'compression',
      'websockets',
      'finished-answers',
    ]),
    port,
    issuer,
    seen,
    log,
    async [Symbol.asyncDispose]() {
      await envoy.stop();
      for (const { server } of servers) server.closeAllConnections();
      await Promise.all(servers.map(({ server }) => server[Symbol.asyncDispose]()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function serve(name: string, service: Service): Promise<{ name: string; port: number; server: Server }> {
  const server = createServer(service);
  server.on('upgrade', (_req, socket: Duplex) => acceptSocket(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { name, port: (server.address() as AddressInfo).port, server };
}

/** RFC 6455 §4.2.2, and the end. */
function acceptSocket(socket: Duplex): void {
  const accept = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
  socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\n`);
}
