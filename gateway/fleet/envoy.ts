import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEnvoy, freePort } from '@idp/tools';
import type { Logger } from '@idp/telemetry';
import type { Cleanup } from '../embedded/host/cleanup.ts';
import type { HostConfig } from '../embedded/host/config.ts';
import { innerClusters, type Endpoint } from '../generate/envoy/placeholders.ts';
import { renderEnvoy } from '../generate/envoy/render.ts';
import { envoyFiles, type EnvoyTemplates } from '../generate/envoy/templates.ts';
import { routes } from '../routes.ts';
import type { FleetEnvironment } from './environment.ts';

const templateFolder = new URL('../../deploy/envoy/', import.meta.url);

/** Fills the templates of `deploy/envoy` for this fleet and runs Envoy on them. */
export async function openEnvoy(
  { config, port, publicUrl, environment, collector }: EnvoyPlace,
  { directory, cleanup, log }: { directory: string; cleanup: Cleanup; log: Logger },
): Promise<{ version: string }> {
  const folder = join(directory, 'envoy');
  const adminPort = await freePort();
  const bootstrap = await renderEnvoy(routes, await readTemplates(), {
    publicUrl,
    publicHosts: config.PUBLIC_HOSTS,
    trustedProxies: config.TRUSTED_PROXIES,
    allowedOrigins: config.GATEWAY_ALLOWED_ORIGINS,
    listen: { host: config.HOST, port },
    adminPort,
    endpoints: { ...endpointsOf(environment), ...collectorOf(collector) },
    sampledPercent: config.NODE_ENV === 'production' ? headPercent : 100,
    folder,
  });
  const envoy = await startEnvoy({
    directory: folder,
    config: bootstrap,
    adminPort,
    onLog: (line) => log.debug({ component: 'envoy' }, line),
  });
  cleanup.add(() => envoy.stop());
  return { version: envoy.version };
}

interface EnvoyPlace {
  config: HostConfig;
  port: number;
  publicUrl: string;
  environment: FleetEnvironment;
  /** OTLP over HTTP; undefined where no traces are kept. */
  collector: string | undefined;
}

/** Of new traces, as in every service. */
const headPercent = 10;

async function readTemplates(): Promise<EnvoyTemplates> {
  const texts = await Promise.all(
    envoyFiles.map(async (name) => [name, await readFile(new URL(`${name}.yaml.tmpl`, templateFolder), 'utf8')]),
  );
  return Object.fromEntries(texts) as EnvoyTemplates;
}

function endpointsOf({ urls, edgePorts }: FleetEnvironment): Record<string, Endpoint[]> {
  const processes = Object.entries(urls).map(([name, { http, management }]) => {
    const { hostname: host, port } = new URL(http);
    return [name, [{ host, port: Number(port), managementPort: Number(new URL(management).port) }]];
  });
  const managementPort = Number(new URL(urls['edge']!.management).port);
  const inner = (port: number): Endpoint[] => [{ host: '127.0.0.1', port, managementPort }];
  return {
    ...(Object.fromEntries(processes) as Record<string, Endpoint[]>),
    [innerClusters.limits]: inner(edgePorts.limits),
    [innerClusters.authz]: inner(edgePorts.authz),
  };
}

function collectorOf(url: string | undefined): Record<string, Endpoint[]> {
  if (url === undefined) return {};
  const { hostname: host, port, protocol } = new URL(url);
  return { [innerClusters.traces]: [{ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) }] };
}
