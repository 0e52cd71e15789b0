import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startEnvoy, type EnvoyBinary } from '@idp/tools';
import type { Endpoint } from '../../../generate/envoy/placeholders.ts';
import { renderEnvoy } from '../../../generate/envoy/render.ts';
import { envoyTemplates } from '../../../generate/envoy/templates.ts';
import type { RouteFile } from '../../../routing/route-schema.ts';
import { createChecks } from './checks.ts';
import { startSuiteEdge, type SuiteEdge } from './edge.ts';
import { createIssuer, publicUrl } from './issuer.ts';
import { suiteRoutes } from './routes.ts';
import { startServiceServer, type ServiceServer } from './service-servers.ts';
import { createServices, type Service } from './services.ts';
import type { Target } from './target.ts';

export interface EnvoyTarget extends Target {
  edge: SuiteEdge;
  services: Readonly<Record<string, ServiceServer>>;
  /** Gives the running Envoy other routes. */
  render(routes: RouteFile): Promise<void>;
}

export interface EnvoyTargetOptions {
  trustedProxies?: readonly string[];
  /** A second server of the service `one`. */
  replica?: Service;
}

/** A real Envoy with generated files, and each service on a port of its own. */
export async function startEnvoyTarget(
  binary: EnvoyBinary,
  { trustedProxies = [], replica }: EnvoyTargetOptions = {},
): Promise<EnvoyTarget> {
  const issuer = await createIssuer();
  const { seen, services } = createServices(issuer);
  const checks = createChecks(issuer);
  const edge = await startSuiteEdge(checks);
  const servers = await startServers({ ...services, ...(replica === undefined ? {} : { replica }) });
  const directory = await mkdtemp(join(tmpdir(), 'idp-conformance-'));
  const [port, adminPort, nobodysPort] = [await freePort(), await freePort(), await freePort()];
  const render = (routes: RouteFile) =>
    renderEnvoy(routes, envoyTemplates(routes), {
      publicUrl,
      publicHosts: ['idp.example.org'],
      trustedProxies,
      allowedOrigins: ['https://portal.example.org'],
      listen: { host: '127.0.0.1', port },
      adminPort,
      endpoints: { ...endpointsOf(servers), ...edge.endpoints, dead: [{ host: '127.0.0.1', port: nobodysPort }] },
      folder: join(directory, 'config'),
      // A loaded machine may need longer than a client would wait.
      patience: { limitsMs: 20_000, keysMs: 20_000 },
    });
  const config = await render(suiteRoutes);
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
    advance: checks.advance,
    seen,
    log,
    edge,
    services: servers,
    render: async (routes) => void (await render(routes)),
    async [Symbol.asyncDispose]() {
      await envoy.stop();
      await edge[Symbol.asyncDispose]();
      await Promise.all(Object.values(servers).map((server) => server.stop()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startServers(services: Readonly<Record<string, Service>>): Promise<Record<string, ServiceServer>> {
  const started = Object.entries(services).map(async ([name, service]): Promise<[string, ServiceServer]> => [
    name,
    await startServiceServer(service),
  ]);
  return Object.fromEntries(await Promise.all(started));
}

function endpointsOf({ replica, ...servers }: Readonly<Record<string, ServiceServer>>): Record<string, Endpoint[]> {
  const endpoint = ({ port }: ServiceServer): Endpoint => ({ host: '127.0.0.1', port });
  const single = Object.entries(servers).map(([name, server]): [string, Endpoint[]] => [name, [endpoint(server)]]);
  const endpoints = Object.fromEntries(single);
  return replica === undefined ? endpoints : { ...endpoints, one: [...endpoints['one']!, endpoint(replica)] };
}
