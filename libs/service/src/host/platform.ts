import { createHmac } from 'node:crypto';
import {
  createAccess,
  createCredentialVerifier,
  createTokenVerifier,
  deferPorts,
  type Access,
  type CredentialVerifier,
  type DeferredPorts,
  type PlatformPorts,
  type TokenVerifier,
} from '@idp/auth';
import { createCaches, createLimiter, createMemoryLimits } from '@idp/cache';
import { createDatabase, createKeyRowStore, type Database } from '@idp/database';
import { createEgress } from '@idp/egress';
import { UnavailableError } from '@idp/errors';
import { createJobRuntime, type JobRuntime } from '@idp/jobs';
import { createSecrets } from '@idp/secrets';
import type { Telemetry } from '@idp/telemetry';
import type { AnyService, ServicePlatform } from '../define-service.ts';
import { originsOf, type Origins } from '../access/origins.ts';
import { requestFacts } from '../access/request-facts.ts';
import { tenantEgress } from './tenant-egress.ts';
import type { Peers } from '../resources/open-peers.ts';
import { createBackgroundRunner } from './background.ts';
import { auditDenials } from './denied-audit.ts';
import { migrationSourcesOf } from './migration-sources.ts';
import type { HostResources } from './resources.ts';

/** How old the last use of an API key may be before it is shown, less the time it takes to be told. */
const keyUsesEveryMs = 30_000;

/** Pools of a service; nothing connects yet. */
export function openDatabase(definition: AnyService, host: HostResources, telemetry: Telemetry) {
  const { databaseUrls: urls } = host;
  const { logger, metrics } = telemetry;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  return createDatabase<any>({
    service: definition.name,
    url: urls.app,
    ...(urls.relay !== undefined && { relayUrl: urls.relay }),
    ...(urls.bus !== undefined && { busUrl: urls.bus }),
    ...(urls.replica !== undefined && { replicaUrl: urls.replica }),
    ...(host.databasePoolMax !== undefined && { poolMax: host.databasePoolMax }),
    ...(host.databasePrepare !== undefined && { prepare: host.databasePrepare }),
    globalTables: definition.globalTables ?? false,
    cursorKey: createHmac('sha256', host.cursorSecret).update(`cursor:${definition.name}`).digest(),
    constraints: definition.database?.constraints ?? {},
    sources: migrationSourcesOf(definition),
    metrics,
    logger,
    environment: host.environment,
  });
}

/** Ports of the auth service as far as they are known: a service that provides them has them only once it is built. */
export interface LatePorts {
  ports: DeferredPorts;
  provide(ports: PlatformPorts): void;
}

export function createLatePorts(given: HostResources['ports']): LatePorts {
  let provided: PlatformPorts | undefined;
  const ports = deferPorts(() => {
    const now = provided ?? (typeof given === 'function' ? given() : given);
    if (now === undefined) throw new UnavailableError('the auth service is not there yet');
    return now;
  });
  if (given !== undefined && typeof given !== 'function') ports.attach();
  return {
    ports,
    provide(own) {
      provided = own;
      ports.attach();
    },
  };
}

/** Everything a service is given, and what its HTTP side needs besides. */
export interface PlatformParts {
  // oxlint-disable-next-line typescript/no-explicit-any -- the definition types its own configuration
  platform: ServicePlatform<any>;
  verifier: CredentialVerifier;
  /** Of tokens other services call this one with. */
  serviceVerifier: TokenVerifier;
  access: Access;
  /** Of pages that may call. */
  origins: Origins;
  /** Queues and schedules begin when the service starts them; leases may be taken before. */
  jobs: JobRuntime;
}

export function createPlatform(options: {
  definition: AnyService;
  host: HostResources;
  telemetry: Telemetry;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>;
  config: Record<string, unknown>;
  ports: PlatformPorts;
  beat: ServicePlatform['beat'];
  peers: Peers;
  /** Ids of the tenants whose background work runs. */
  activeTenants(): Promise<readonly string[]>;
}): PlatformParts {
  const { definition, host, telemetry, database, config, ports } = options;
  const { logger, metrics } = telemetry;
  const clock = host.clock ?? (() => new Date());
  const background = createBackgroundRunner({ logger, metrics });
  const decisions = metrics.counter('authz_decisions_total', 'Permissions decided', ['decision', 'source']);
  const checks = metrics.histogram(
    'authz_check_seconds',
    'What a decision took, a version waited for or auth asked included',
    ['source'],
    [0.000_01, 0.000_1, 0.001, 0.01, 0.05, 0.25, 1, 2.5],
  );
  const decision = createAccess({
    port: ports.access,
    manifest: definition.permissions,
    clock,
    request: requestFacts,
    onDecision(reason, source, seconds) {
      decisions.inc({ decision: reason, source });
      checks.observe({ source }, seconds);
    },
  });
  const access = auditDenials({ access: decision, database, background, clock });
  const { mode, publicUrl, environment, dataDirectory } = host;
  const jobs = createJobRuntime({
    service: definition.name,
    database,
    wake: host.transportWake,
    metrics,
    logger,
    env: host.env,
    tenants: options.activeTenants,
  });
  const keyLookups = metrics.counter('api_key_cache_total', 'API keys looked up', ['result']);
  const verifier = createCredentialVerifier({
    issuer: publicUrl,
    audience: `${publicUrl}/api`,
    ports,
    clock,
    onKeyLookup: (result) => keyLookups.inc({ result }),
  });
  background.start({ name: 'report-key-uses', everyMs: keyUsesEveryMs, run: () => verifier.reportUses() });
  const { redis, limits } = host.shared ?? { redis: undefined, limits: createMemoryLimits() };
  if (redis !== undefined) {
    metrics.gauge('redis_up', '1 while Redis answers in time', [], function () {
      this.set(redis.available() ? 1 : 0);
    });
  }
  return {
    access,
    origins: originsOf(ports.access),
    jobs,
    verifier,
    serviceVerifier: createTokenVerifier({
      issuer: publicUrl,
      audience: `idp:${definition.name}`,
      jwks: ports.jwks,
      revocations: ports.revocations,
      clock,
    }),
    platform: {
      name: definition.name,
      config,
      host: { mode, publicUrl, environment, ...(dataDirectory !== undefined && { dataDirectory }) },
      database,
      secrets: createSecrets({
        service: definition.name,
        provider: host.secretsKeyProvider,
        keys: createKeyRowStore(database),
        clock,
      }),
      egress: createEgress({
        allow: host.egressAllow ?? [],
        tenantSettings: tenantEgress(ports.access, host.egressAllow ?? []),
        forbidden: host.egressForbidden ?? [],
        metrics,
        logger,
      }),
      access,
      logger,
      metrics,
      clock,
      background,
      lease: jobs.lease,
      beat: options.beat,
      resourcesOf: options.peers.resourcesOf,
      createCache: createCaches({
        service: definition.name,
        redis,
        // The only process that writes need not ask again what it wrote.
        ...(mode === 'embedded' && redis === undefined && { localSecondsMax: Number.POSITIVE_INFINITY }),
        metrics,
        logger,
      }),
      limiter: createLimiter({ store: limits, metrics, enforced: host.rateLimits ?? true }),
    },
  };
}
