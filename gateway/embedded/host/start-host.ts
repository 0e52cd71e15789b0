import { createLimiter } from '@idp/cache';
import { createCredentialVerifier } from '@idp/auth';
import { UnavailableError } from '@idp/errors';
import { kafkaSettings } from '@idp/events';
import { createHostList, type RunningService } from '@idp/service';
import { collectProcessMetrics, createTelemetry, type Logger, type Telemetry } from '@idp/telemetry';
import { createEdge } from '../../edge/edge.ts';
import { sectionsOf } from '../../edge/home/sections.ts';
import type { ServiceHealth } from '../../edge/health.ts';
import { followLimitsFile } from '../../limits/limits-file.ts';
import { createRateLimits, type RateLimits } from '../../limits/rate-limits.ts';
import type { RateSettings } from '../../limits/rate-settings.ts';
import { routes } from '../../routes.ts';
import { createRouteTable } from '../../routing/route-table.ts';
import { createGateway } from '../gateway.ts';
import { accessLogFields } from '../pipeline/access-log.ts';
import type { Upstream } from '../pipeline/handler.ts';
import { firstOwnerPassword, type FirstOwnerPassword } from '../state/admin-password.ts';
import type { HostConfig } from './config.ts';
import { fleetDocuments } from './documents.ts';
import { openFleetDatabase, type FleetDatabase } from '../state/fleet-database.ts';
import { startFleetManagement } from './management.ts';
import { embeddedHomeCalls } from './home-calls.ts';
import { reportKeyUses } from './key-uses.ts';
import { takePort } from './ports.ts';
import { createCleanup } from './cleanup.ts';
import { startFleet, type Fleet } from './start-fleet.ts';
import { openStateDirectory } from '../state/state-directory.ts';

/** The running platform. */
export interface Host {
  publicUrl: string;
  port: number;
  managementPort: number;
  database: FleetDatabase;
  password: FirstOwnerPassword;
  services: readonly RunningService[];
  log: Logger;
  /** Drains for at most 2 s, stops everything within 4 s, then the embedded PostgreSQL. Calling it again waits for the same stop. */
  stop(): Promise<void>;
}

const drainMs = 2_000;
const servicesStopMs = 1_800;

/**
 * Starts PostgreSQL, every service and the gateway in this process. The ports are taken first, so that a taken one changes
 * nothing. When a step fails, what was started before is stopped and the error thrown: ToolError, ConfigError and the errors
 * of a start are one line to show.
 */
export async function startHost(config: HostConfig, env: NodeJS.ProcessEnv): Promise<Host> {
  const cleanup = createCleanup();
  try {
    return await start(config, env, cleanup);
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function start(
  config: HostConfig,
  env: NodeJS.ProcessEnv,
  cleanup: ReturnType<typeof createCleanup>,
): Promise<Host> {
  let fleet: Fleet | undefined;
  let limits: RateLimits | undefined;
  let draining = false;
  const running = () => fleet?.services;
  const kafka = kafkaSettings(config);
  const version = config.SERVICE_VERSION;
  const telemetry = createTelemetry({ service: 'gateway', version, level: config.LOG_LEVEL, fields: accessLogFields });
  cleanup.add(() => telemetry[Symbol.asyncDispose]());
  const processMetrics = collectProcessMetrics(telemetry.metrics);
  cleanup.add(() => processMetrics[Symbol.dispose]());

  const rates = await followLimitsFile({ file: config.RATE_LIMITS_FILE, telemetry });
  cleanup.add(() => rates[Symbol.dispose]());
  const gateway = createGateway({
    ...gatewaySettings(config),
    telemetry,
    routes,
    edge: createEdge({
      health: () => Promise.resolve(serviceHealth(running(), version)),
      documents: fleetDocuments(running),
      limits: () => limits ?? starting(),
      home: {
        sections: sectionsOf(createRouteTable(routes)),
        call: embeddedHomeCalls(running),
        versionOf: (tenantId) => fleet?.ports.access.world(tenantId)?.version,
        metrics: telemetry.metrics,
      },
      securityContact: () => config.SECURITY_CONTACT ?? `mailto:security@${new URL(publicUrl).hostname}`,
      publicUrl: () => publicUrl,
      exposeDocs: config.EXPOSE_DOCS,
    }),
  });
  const port = await takePort('PORT', config.PORT, () => gateway.listen(config.PORT, config.HOST));
  cleanup.add(() => gateway.close(drainMs));
  const publicUrl = config.PUBLIC_URL ?? `http://localhost:${port}`;
  const management = await takePort('MANAGEMENT_PORT', config.MANAGEMENT_PORT, () =>
    startFleetManagement({
      host: config.HOST,
      port: config.MANAGEMENT_PORT,
      telemetry,
      version,
      services: running,
      isDraining: () => draining,
    }),
  );
  cleanup.add(() => management.close());

  const state = await openStateDirectory(config.IDP_DATA_DIR);
  // Making a database takes as long as reading the services' code: side by side.
  const modules = import('../../services.ts');
  modules.catch(() => undefined);
  const database = await openFleetDatabase(config, state, (line) =>
    telemetry.logger.debug({ component: 'postgres' }, line),
  );
  cleanup.add(() => database.stop());
  const password = await firstOwnerPassword(config, state);
  const { services } = await modules;
  await database.prepare(services, quiet(telemetry.logger));
  fleet = await startFleet({
    services,
    config,
    database,
    kafka,
    logger: telemetry.logger,
    state,
    publicUrl,
    ownPorts: [management.port],
    env,
    adminPassword: password.value,
  });
  const started = fleet;
  cleanup.add(() => started.stop(servicesStopMs));
  const verifier = verifierFor(publicUrl, started);
  cleanup.add(reportKeyUses(verifier, telemetry.logger));
  limits = limitsFor(started, { config, telemetry, settings: rates.current });
  gateway.open({ upstreams: upstreamsOf(started.services), verifier, publicUrl, limits });
  await state.markStarted(version);
  telemetry.metrics.gauge('process_start_to_ready_seconds', 'From process start to ready').set(process.uptime());
  return {
    publicUrl,
    port,
    managementPort: management.port,
    database,
    password,
    services: started.services,
    log: telemetry.logger,
    stop() {
      draining = true;
      return cleanup.run();
    },
  };
}

/** What the first start does in any case is no news on the console. */
function quiet(logger: Logger): Pick<Logger, 'info' | 'warn'> {
  return { info: logger.debug.bind(logger), warn: logger.warn.bind(logger) };
}

function gatewaySettings(config: HostConfig) {
  // Without a public URL the platform is at a loopback name, whose port is known once it is taken.
  const publicUrl = config.PUBLIC_URL ?? 'http://localhost';
  return {
    hosts: createHostList({ publicUrl, publicHosts: config.PUBLIC_HOSTS }),
    trustedProxies: config.TRUSTED_PROXIES,
    allowedOrigins: config.GATEWAY_ALLOWED_ORIGINS,
  };
}

function verifierFor(publicUrl: string, { ports }: Fleet) {
  return createCredentialVerifier({ issuer: publicUrl, audience: `${publicUrl}/api`, ports });
}

function starting(): never {
  throw new UnavailableError('the platform is starting', { retryAfterSeconds: 1 });
}

function limitsFor(
  { shared, ports }: Fleet,
  options: { config: HostConfig; telemetry: Telemetry; settings: () => RateSettings },
): RateLimits {
  const { config, telemetry, settings } = options;
  return createRateLimits({
    limiter: createLimiter({ store: shared.limits, metrics: telemetry.metrics }),
    settings,
    planOf: (tenantId) => ports.access.world(tenantId)?.tenant.ratePlan,
    enforced: config.RATE_LIMITS === 'on',
  });
}

function upstreamsOf(services: readonly RunningService[]): Record<string, Upstream> {
  return Object.fromEntries(
    services.map(({ name, app }): [string, Upstream] => [name, (req, res) => app.routing(req, res)]),
  );
}

function serviceHealth(services: readonly RunningService[] | undefined, version: string): ServiceHealth[] {
  return (services ?? []).map((service) => ({
    name: service.name,
    status: service.health().ready ? 'ok' : 'down',
    version,
  }));
}
