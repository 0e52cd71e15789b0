import type { SharedState } from '@idp/cache';
import { deferPorts, type DeferredPorts, type PlatformPorts } from '@idp/auth';
import { createWakeSignal, type KafkaSettings } from '@idp/events';
import { UnavailableError } from '@idp/errors';
import { localFileKeyProvider } from '@idp/secrets';
import {
  logRedis,
  openSharedState,
  redisEndpoints,
  shareWakeSignal,
  startService,
  type AnyService,
  type HostResources,
  type RunningService,
} from '@idp/service';
import type { Logger } from '@idp/telemetry';
import { catalogDirectories, type HostConfig } from './config.ts';
import type { FleetDatabase } from '../state/fleet-database.ts';
import { randomSecret, type StateDirectory } from '../state/state-directory.ts';

export interface FleetOptions {
  services: readonly AnyService[];
  config: HostConfig;
  database: FleetDatabase;
  kafka: KafkaSettings | undefined;
  /** Of the process, for what concerns all services. */
  logger: Logger;
  state: StateDirectory;
  publicUrl: string;
  /** Ports of this process that no typed URL may reach. */
  ownPorts: readonly number[];
  env: NodeJS.ProcessEnv;
  adminPassword: string | undefined;
}

/** Services of one process, in the order they were given. */
export interface Fleet {
  services: readonly RunningService[];
  /** Ports of the auth service. */
  ports: PlatformPorts;
  /** Where limits are counted. */
  shared: SharedState;
  stop(deadlineMs: number): Promise<void>;
}

/** Connections of one service: the server allows 200 to all of them. */
const poolMax = 4;

/**
 * Starts every service in this process, side by side. When one fails the others are stopped and its error is thrown.
 * The access log of the gateway holds every request, so services log what is unusual only.
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { services, config, database, kafka, state, publicUrl } = options;
  const shared = await openSharedState(config);
  logRedis(shared, options.logger);
  const running = new Map<string, RunningService>();
  const ports = lazyPorts(running);
  const endpoints = [
    ...(database.endpoint === undefined ? [] : [database.endpoint]),
    ...(kafka?.endpoints ?? []),
    ...redisEndpoints(config),
    ...options.ownPorts.map((port) => ({ host: 'localhost', port })),
  ];
  const resources: Omit<HostResources, 'databaseUrls'> = {
    mode: 'embedded',
    environment: config.NODE_ENV,
    env: serviceEnvironment(options),
    version: config.SERVICE_VERSION,
    dataDirectory: state.path,
    publicUrl,
    publicHosts: config.PUBLIC_HOSTS,
    trustedProxies: config.TRUSTED_PROXIES,
    logLevel: config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL,
    databasePoolMax: poolMax,
    ...(kafka !== undefined && { kafka }),
    shared,
    rateLimits: config.RATE_LIMITS === 'on',
    transportWake: shareWakeSignal(createWakeSignal(), shared),
    ports,
    peers: (name) => running.get(name),
    secretsKeyProvider: await localFileKeyProvider({ file: state.secretFile('kek.json') }),
    cursorSecret: Buffer.from((await state.secret('cursors', randomSecret)).value, 'base64url'),
    egressAllow: config.EGRESS_ALLOW,
    egressForbidden: endpoints,
  };
  const starts = services.map(async (definition) => {
    const service = await startService(definition, { ...resources, databaseUrls: database.urlsFor(definition.name) });
    running.set(definition.name, service);
  });
  const results = await Promise.allSettled(starts);
  const fleet: Fleet = {
    services: services.flatMap(({ name }) => running.get(name) ?? []),
    ports,
    shared,
    async stop(deadlineMs) {
      await Promise.all([...running.values()].map((service) => service.stop({ deadlineMs })));
      await shared[Symbol.asyncDispose]();
    },
  };
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) {
    ports.attach();
    await Promise.all(fleet.services.map((service) => service.permitted()));
    return fleet;
  }
  await fleet.stop(1_000);
  throw failed.reason;
}

function serviceEnvironment({ env, config, adminPassword }: FleetOptions): NodeJS.ProcessEnv {
  const { IDP_ADMIN_PASSWORD: _, IDP_ADMIN_PASSWORD_FILE: __, ...rest } = env;
  return {
    ...rest,
    IDP_ADMIN_EMAIL: config.IDP_ADMIN_EMAIL,
    ...(adminPassword === undefined ? {} : { IDP_ADMIN_PASSWORD: adminPassword }),
    CATALOG_DIRECTORIES: catalogDirectories(config).join(','),
  };
}

/** What auth provides, found when it is used: services start side by side. */
function lazyPorts(running: ReadonlyMap<string, RunningService>): DeferredPorts {
  return deferPorts(() => {
    for (const service of running.values()) if (service.ports !== undefined) return service.ports;
    throw new UnavailableError('the auth service is starting', { retryAfterSeconds: 1 });
  });
}
