import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { UnavailableError } from '@idp/errors';
import type { Telemetry } from '@idp/telemetry';
import type { EdgeHandler } from '../edge/contract.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { RouteFile } from '../routing/route-schema.ts';
import { createRouteTable } from '../routing/route-table.ts';
import { createAccessLog } from './pipeline/access-log.ts';
import { createTrustedProxies, type HostList } from '@idp/service';
import { createCredentialCheck, type CredentialSource } from './checks/credential.ts';
import { edgeUpstream } from './pipeline/edge-upstream.ts';
import { createPipeline, type Upstream } from './pipeline/handler.ts';
import { createGatewayServer } from './server.ts';

export interface GatewayOptions {
  routes: RouteFile;
  /** Names in `Host` that are served. */
  hosts: HostList;
  /** Addresses and CIDR ranges. */
  trustedProxies: readonly string[];
  allowedOrigins: readonly string[];
  edge: EdgeHandler;
  telemetry: Pick<Telemetry, 'logger' | 'metrics'>;
}

/** What the gateway can only get once the services have started. */
export interface Backends extends CredentialSource {
  /** By service name. */
  upstreams: Readonly<Record<string, Upstream>>;
  /** Absent, nothing is counted. */
  limits?: RateLimits;
}

export interface Gateway {
  /** Takes the port; resolves to the one it got. Rejects with the system's error, `EADDRINUSE` for a taken port. */
  listen(port: number, host: string): Promise<number>;
  /** From now on requests reach the services; before, they get 503. */
  open(backends: Backends): void;
  /** Lets requests in flight end for at most `deadlineMs`, then closes every connection. */
  close(deadlineMs: number): Promise<void>;
}

/** The embedded gateway: one listener in front of services of this process. */
export function createGateway(options: GatewayOptions): Gateway {
  const { logger, metrics } = options.telemetry;
  const trustedProxies = createTrustedProxies(options.trustedProxies);
  const upstreams = new Map<string, Upstream>([['edge', edgeUpstream(options.edge)]]);
  const starting = (): never => {
    throw new UnavailableError('the platform is starting', { retryAfterSeconds: 1 });
  };
  let source: () => CredentialSource = starting;
  let limits: RateLimits | undefined;
  let draining = false;
  const pipeline = createPipeline({
    table: createRouteTable(options.routes),
    upstreams,
    checkCredential: createCredentialCheck({ source: () => source(), metrics }),
    limits: () => limits,
    hosts: options.hosts,
    trustedProxies,
    allowedOrigins: new Set(options.allowedOrigins),
    isDraining: () => draining,
    onEnd: createAccessLog({ logger, metrics }),
  });
  const server = createGatewayServer(pipeline, { isExempt: (address) => trustedProxies.has(address) });
  return {
    async listen(port, host) {
      server.listen({ port, host });
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    open(backends) {
      source = () => backends;
      limits = backends.limits;
      for (const [name, upstream] of Object.entries(backends.upstreams)) upstreams.set(name, upstream);
    },
    async close(deadlineMs) {
      draining = true;
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
