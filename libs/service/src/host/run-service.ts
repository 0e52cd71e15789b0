import type { AddressInfo } from 'node:net';
import type { SharedState } from '@idp/cache';
import { localFileKeyProvider } from '@idp/secrets';
import { ConfigError, loadConfig } from '@idp/config';
import { remotePorts } from '@idp/auth';
import { createWakeSignal, kafkaSettings } from '@idp/events';
import { flushTraces } from '@idp/telemetry';
import type { AnyService } from '../define-service.ts';
import { kernelConfig, type KernelConfig } from './kernel-config.ts';
import { startManagement, type ManagementServer } from './management.ts';
import { reportState } from './report-state.ts';
import type { HostResources } from './resources.ts';
import { readServiceKey } from './service-key.ts';
import { logRedis, openSharedState, redisEndpoints, shareWakeSignal } from './shared-state.ts';
import { startService, type RunningService } from './start-service.ts';
import { failStart, superviseProcess } from './supervise-process.ts';

/**
 * Runs one service as its own process: product API on `PORT`, probes and metrics on `MANAGEMENT_PORT`. A start that fails
 * says why in one line and exits 1. SIGTERM and SIGINT stop it in order and exit 0, a second signal exits 1 at once; an
 * uncaught error is logged and exits 1.
 */
export async function runService(definition: AnyService): Promise<void> {
  let kernel: KernelConfig;
  let running: RunningService;
  let shared: SharedState;
  try {
    kernel = loadConfig(kernelConfig, process.env).values;
    shared = await openSharedState(kernel);
    running = await startService(definition, await hostResources(definition, kernel, shared));
  } catch (error) {
    return failStart(definition.name, error);
  }
  logRedis(shared, running.telemetry.logger);
  let management: ManagementServer | undefined;
  superviseProcess({
    logger: running.telemetry.logger,
    timeoutMs: kernel.SHUTDOWN_TIMEOUT_MS,
    async stop(deadlineMs) {
      await running.stop({ deadlineMs });
      await shared[Symbol.asyncDispose]();
      await management?.close();
      await flushTraces(2000);
    },
  });
  try {
    management = await serve(running, kernel);
  } catch (error) {
    await running.stop({ deadlineMs: 2000 });
    return failStart(definition.name, error);
  }
}

async function hostResources(
  definition: AnyService,
  kernel: KernelConfig,
  shared: SharedState,
): Promise<HostResources> {
  if (kernel.AUTH_URL === undefined && definition.provides === undefined) {
    throw new ConfigError([{ name: 'AUTH_URL', message: 'is required' }]);
  }
  const kafka = kafkaSettings(kernel);
  return {
    mode: 'process',
    env: process.env,
    environment: kernel.NODE_ENV,
    version: kernel.SERVICE_VERSION,
    publicUrl: kernel.PUBLIC_URL,
    dataDirectory: kernel.IDP_DATA_DIR,
    publicHosts: kernel.PUBLIC_HOSTS,
    trustedProxies: kernel.TRUSTED_PROXIES,
    logLevel: kernel.LOG_LEVEL,
    databaseUrls: {
      app: kernel.DATABASE_URL,
      relay: kernel.DATABASE_RELAY_URL,
      ...(kernel.DATABASE_BUS_URL !== undefined && { bus: kernel.DATABASE_BUS_URL }),
      ...(kernel.DATABASE_REPLICA_URL !== undefined && { replica: kernel.DATABASE_REPLICA_URL }),
    },
    databasePoolMax: kernel.DATABASE_POOL_MAX,
    databasePrepare: kernel.DATABASE_PREPARE,
    ...(kafka !== undefined && { kafka }),
    shared,
    rateLimits: kernel.RATE_LIMITS === 'on',
    transportWake: shareWakeSignal(createWakeSignal(), shared),
    ...(await authOf(definition, kernel)),
    ...(kernel.SERVICE_URLS !== undefined && { serviceUrls: kernel.SERVICE_URLS }),
    secretsKeyProvider: await localFileKeyProvider({ file: kernel.SECRETS_FILE }),
    cursorSecret: Buffer.from(kernel.CURSOR_SECRET),
    egressAllow: kernel.EGRESS_ALLOW,
    egressForbidden: ownEndpoints(kernel),
    deadlineDefaultMs: kernel.DEADLINE_DEFAULT_MS,
    bodyLimitBytes: kernel.BODY_LIMIT_BYTES,
  };
}

/** Ports over HTTP; with a key of its own the service also keeps a copy of the access snapshot. */
async function authOf(
  definition: AnyService,
  { AUTH_URL: authUrl, SERVICE_KEY_FILE: file }: KernelConfig,
): Promise<Pick<HostResources, 'remote' | 'auth'>> {
  if (authUrl === undefined) return {};
  if (file === undefined) throw new ConfigError([{ name: 'SERVICE_KEY_FILE', message: 'is required with AUTH_URL' }]);
  const serviceKey = await readServiceKey(definition.name, file);
  return { remote: remotePorts({ authUrl, serviceKey }), auth: { url: authUrl, key: serviceKey } };
}

/** No address a user types may reach the database, the brokers or the management port. */
function ownEndpoints(kernel: KernelConfig): { host: string; port: number }[] {
  const database = new URL(kernel.DATABASE_URL);
  const endpoints = [{ host: 'localhost', port: kernel.MANAGEMENT_PORT }];
  if (database.hostname !== '') endpoints.push({ host: database.hostname, port: Number(database.port || 5432) });
  return [...endpoints, ...(kafkaSettings(kernel)?.endpoints ?? []), ...redisEndpoints(kernel)];
}

async function serve(running: RunningService, kernel: KernelConfig): Promise<ManagementServer> {
  const { logger, metrics } = running.telemetry;
  const state = reportState(metrics, { version: kernel.SERVICE_VERSION, isReady: () => running.health().ready });
  await running.permitted();
  const management = await startManagement({
    host: kernel.HOST,
    port: kernel.MANAGEMENT_PORT,
    source: {
      health: () => running.health(),
      metrics: () => metrics.registry.metrics(),
      info: () => running.info(),
    },
  });
  await running.app.listen({ host: kernel.HOST, port: kernel.PORT });
  const seconds = state.started();
  const { port } = running.app.server.address() as AddressInfo;
  logger.info({ port, seconds }, 'ready');
  return management;
}
