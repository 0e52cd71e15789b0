import { createCredentialVerifier } from '@idp/auth';
import { createLimiter } from '@idp/cache';
import { kafkaSettings } from '@idp/events';
import {
  createHostList,
  followAccess,
  logRedis,
  openSharedState,
  readServiceKey,
  reportState,
  startManagement,
  type FollowedAccess,
} from '@idp/service';
import { createTelemetry, type Telemetry } from '@idp/telemetry';
import { createVerifyCredential } from '../../embedded/checks/verify-credential.ts';
import { createGateway } from '../../embedded/gateway.ts';
import { createCleanup } from '../../embedded/host/cleanup.ts';
import { reportKeyUses } from '../../embedded/host/key-uses.ts';
import { accessLogFields } from '../../embedded/pipeline/access-log.ts';
import { followLimitsFile } from '../../limits/limits-file.ts';
import { createRateLimits } from '../../limits/rate-limits.ts';
import type { RouteFile } from '../../routing/route-schema.ts';
import { createRouteTable } from '../../routing/route-table.ts';
import { createEdge, type EdgeOptions } from '../edge.ts';
import { sectionsOf } from '../home/sections.ts';
import { startAuthzServer } from '../envoy/authz-server.ts';
import { startRateLimitServer } from '../envoy/rate-limit-server.ts';
import { committedDocuments } from './committed-documents.ts';
import type { EdgeConfig } from './config.ts';
import { fleetHealth, managementUrlsOf } from './fleet-health.ts';
import { createHomeCalls } from './home-calls.ts';

/** The running edge. */
export interface Edge {
  telemetry: Telemetry;
  port: number;
  managementPort: number;
  rateLimitPort: number;
  authzPort: number;
  /** Not ready → requests, checks and limits in flight → events and Redis → management. */
  stop(deadlineMs: number): Promise<void>;
}

const info = { service: 'edge', description: "the gateway's own endpoints, key checks and rate limits" };

/** Starts all listeners of the edge. When a step fails, what was started before is stopped and the error thrown. */
export async function startEdge(config: EdgeConfig, routes: RouteFile): Promise<Edge> {
  const cleanup = createCleanup();
  try {
    return await start(config, routes, cleanup);
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function start(config: EdgeConfig, routes: RouteFile, cleanup: ReturnType<typeof createCleanup>): Promise<Edge> {
  const { HOST: host, PUBLIC_URL: publicUrl, SERVICE_VERSION: version } = config;
  const telemetry = createTelemetry({ service: 'edge', version, level: config.LOG_LEVEL, fields: accessLogFields });
  const { logger, metrics } = telemetry;
  cleanup.add(() => telemetry[Symbol.asyncDispose]());
  let state: 'starting' | 'ready' | 'draining' = 'starting';
  const reported = reportState(metrics, { version, isReady: () => state === 'ready' });
  cleanup.add(() => reported[Symbol.dispose]());
  let drainMs = config.SHUTDOWN_TIMEOUT_MS;

  const management = await startManagement({
    host,
    port: config.MANAGEMENT_PORT,
    source: {
      health: () => ({ started: state !== 'starting', ready: state === 'ready', checks: [] }),
      metrics: () => metrics.registry.metrics(),
      info: () => Promise.resolve({ ...info, version }),
    },
  });
  cleanup.add(() => management.close());
  const shared = await openSharedState(config);
  cleanup.add(() => shared[Symbol.asyncDispose]());
  logRedis(shared, logger);
  const rates = await followLimitsFile({ file: config.RATE_LIMITS_FILE, telemetry });
  cleanup.add(() => rates[Symbol.dispose]());
  const { ports } = await followed(config, telemetry, cleanup);
  const verifier = createCredentialVerifier({ issuer: publicUrl, audience: `${publicUrl}/api`, ports });
  cleanup.add(reportKeyUses(verifier, logger));
  const limits = createRateLimits({
    limiter: createLimiter({ store: shared.limits, metrics }),
    settings: rates.current,
    planOf: (tenantId) => ports.access.world(tenantId)?.tenant.ratePlan,
    enforced: config.RATE_LIMITS === 'on',
  });

  const rateLimitServer = await startRateLimitServer({ host, port: config.RATE_LIMIT_PORT, limits, logger });
  cleanup.add(() => rateLimitServer.close(drainMs));
  const table = createRouteTable(routes);
  const verify = createVerifyCredential({ metrics });
  const authzServer = await startAuthzServer({
    host,
    port: config.AUTHZ_PORT,
    limits,
    verify: (key, address) => verify(verifier, key, address),
    mountOf(path) {
      const route = table.findRoute(path);
      return route?.backstage === true ? route.path : undefined;
    },
  });
  cleanup.add(() => authzServer.close(drainMs));
  const calls = createHomeCalls({ serviceUrls: config.SERVICE_URLS, metrics });
  cleanup.add(() => calls[Symbol.asyncDispose]());
  const home = {
    sections: sectionsOf(table).filter(({ service }) => config.SERVICE_URLS.has(service)),
    call: calls.call,
    versionOf: (tenantId: string) => ports.access.world(tenantId)?.version,
    metrics,
  };
  const gateway = edgeGateway(config, { routes, telemetry, limits: () => limits, home });
  const port = await gateway.listen(config.PORT, host);
  cleanup.add(() => gateway.close(drainMs));
  // What is served here has been counted by the door before.
  gateway.open({ upstreams: {}, verifier, publicUrl });
  state = 'ready';
  logger.info({ port, seconds: reported.started() }, 'ready');
  return {
    telemetry,
    port,
    managementPort: management.port,
    rateLimitPort: rateLimitServer.port,
    authzPort: authzServer.port,
    stop(deadlineMs) {
      state = 'draining';
      drainMs = deadlineMs / 4;
      return cleanup.run();
    },
  };
}

async function followed(
  config: EdgeConfig,
  telemetry: Telemetry,
  cleanup: ReturnType<typeof createCleanup>,
): Promise<FollowedAccess> {
  const key = await readServiceKey('edge', config.SERVICE_KEY_FILE);
  const access = await followAccess({
    name: 'edge',
    auth: { url: config.AUTH_URL, key },
    kafka: kafkaSettings(config),
    environment: config.NODE_ENV,
    telemetry,
  });
  cleanup.add(() => access[Symbol.asyncDispose]());
  return access;
}

/** The embedded gateway in front of nothing but the edge: host, ids, hygiene, credential and access log are the same here. */
function edgeGateway(
  config: EdgeConfig,
  parts: { routes: RouteFile; telemetry: Telemetry } & Pick<EdgeOptions, 'limits' | 'home'>,
): ReturnType<typeof createGateway> {
  const { PUBLIC_URL: publicUrl, SERVICE_URLS: serviceUrls } = config;
  const services = [...serviceUrls.keys()];
  return createGateway({
    routes: { routes: parts.routes.routes.filter(({ service }) => service === 'edge'), aliases: [] },
    hosts: createHostList({ publicUrl, publicHosts: config.PUBLIC_HOSTS }),
    trustedProxies: config.TRUSTED_PROXIES,
    allowedOrigins: config.GATEWAY_ALLOWED_ORIGINS,
    telemetry: parts.telemetry,
    edge: createEdge({
      health: fleetHealth(managementUrlsOf(serviceUrls, config.MANAGEMENT_URLS)),
      documents: committedDocuments(services),
      limits: parts.limits,
      home: parts.home,
      securityContact: () => config.SECURITY_CONTACT ?? `mailto:security@${new URL(publicUrl).hostname}`,
      publicUrl: () => publicUrl,
      exposeDocs: config.EXPOSE_DOCS,
    }),
  });
}
