import type { FastifyInstance } from 'fastify';
import { loadConfig, type ConfigEntry } from '@idp/config';
import type { AccessPort, PlatformPorts } from '@idp/auth';
import type { Database } from '@idp/database';
import { checkSnapshotSources, createEventRuntime, type EventRuntime, type EventTransport } from '@idp/events';
import type { JobRuntime } from '@idp/jobs';
import { createTelemetry, type Telemetry } from '@idp/telemetry';
import type { AnyService } from '../define-service.ts';
import { permitted } from '../access/permitted.ts';
import { publishManifest } from '../access/publish-manifest.ts';
import { createHttpApp } from '../http/app.ts';
import type { RoutePlugin } from '../http/types.ts';
import { opsJobs, opsRoutes } from '../ops/mount.ts';
import { openReplica, type OpenReplica } from '../replica/open-replica.ts';
import { replicaConsumers } from '../replica/replica-consumers.ts';
import type { OpsParts } from '../ops/ops-parts.ts';
import { openPeers, type Peers } from '../resources/open-peers.ts';
import type { ResourceSource } from '../resources/resource-source.ts';
import { resourceRoutes } from '../resources/routes.ts';
import { snapshotConsumer } from '../ops/snapshots/snapshot-consumer.ts';
import { createHealthState, type Health, type HealthState } from './health.ts';
import { createLatePorts, createPlatform, openDatabase, type PlatformParts } from './platform.ts';
import type { HostResources } from './resources.ts';
import { createTenantParts, type TenantParts } from '../tenants/tenant-parts.ts';
import { stopService } from './stop-service.ts';
import { openTransport } from './transport.ts';

/** A service that serves. Requests reach it through its own server or `app.routing(req, res)`. */
export interface RunningService {
  readonly name: string;
  readonly definition: AnyService;
  readonly app: FastifyInstance;
  /** What the service's context was built to; for hosts that seed data and for tests. */
  readonly context: unknown;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  readonly database: Database<any>;
  readonly telemetry: Telemetry;
  /** Relay and consumers. */
  readonly events: EventRuntime;
  /** Queues, schedules and leases. */
  readonly jobs: JobRuntime;
  /** What it provides to the other services; only auth does. */
  readonly ports: PlatformPorts | undefined;
  /** What it says of its objects. */
  readonly resources: ResourceSource | undefined;
  /**
   * Resolves when its permissions mean something: auth has heard of them and what it made of them is here. Not to be waited for before auth
   * has started.
   */
  permitted(): Promise<void>;
  health(): Health;
  /** For `/info`: version, configuration without secrets, states of events and background work. */
  info(): Promise<Record<string, unknown>>;
  /** OpenAPI 3.1 document, built at the first call. */
  openapi(): Promise<object>;
  /** Stops in reverse order, within `deadlineMs`; resolves when sockets and pools are closed. */
  stop(options: { deadlineMs: number }): Promise<void>;
}

/** What was opened on the way; closed in reverse when a later step fails. */
export interface ServiceParts extends PlatformParts {
  definition: AnyService;
  host: HostResources;
  telemetry: Telemetry;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>;
  context: unknown;
  /** Copy of the access snapshot, where auth runs apart. */
  replica: OpenReplica | undefined;
  /** Ways to the other services. */
  peers: Peers;
  transport: EventTransport;
  events: EventRuntime;
  state: HealthState;
  app: FastifyInstance;
}

/**
 * Starts a service on what a host gives it: configuration → telemetry → database → bus → HTTP → consumers → jobs →
 * background → ready. It listens nowhere. Throws ConfigError, UnavailableError (database), EventConfigurationError or RouteError; what was
 * opened until then is closed again.
 */
export async function startService(definition: AnyService, host: HostResources): Promise<RunningService> {
  const config = loadConfig(definition.config, host.env);
  const telemetry = createTelemetry({
    service: definition.name,
    version: host.version ?? '0.1.0',
    level: host.logLevel ?? 'info',
    ...(host.logDestination !== undefined && { destination: host.logDestination }),
    ...(definition.logFields !== undefined && { fields: definition.logFields }),
  });
  const opened: (() => Promise<unknown>)[] = [];
  try {
    const running = await build(definition, host, telemetry, config.values as Record<string, unknown>, opened);
    return describeRunning(running, config.describe());
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => undefined);
    throw error;
  }
}

type Running = ServiceParts & {
  ports: PlatformPorts | undefined;
  resources: ResourceSource | undefined;
  /** What decisions are made by. */
  accessPort: AccessPort;
};

async function build(
  definition: AnyService,
  host: HostResources,
  telemetry: Telemetry,
  config: Record<string, unknown>,
  opened: (() => Promise<unknown>)[],
): Promise<Running> {
  const database = openDatabase(definition, host, telemetry);
  opened.push(async () => database[Symbol.asyncDispose]());
  await database.ready();
  const replica = replicaOf(definition, host, telemetry);
  const late = createLatePorts(host.ports ?? portsOf(host, replica));
  if (replica !== undefined) {
    opened.push(async () => replica[Symbol.asyncDispose]());
    replica.replica.revocations.subscribe((revocation) => late.ports.revocations.announce(revocation));
  }
  const peers = openPeers(host, telemetry.metrics);
  opened.push(async () => peers[Symbol.asyncDispose]());
  let tenants: TenantParts | undefined;
  const activeTenants = async (): Promise<readonly string[]> => (await tenants?.active()) ?? [];
  const parts = createPlatform({
    definition,
    host,
    telemetry,
    database,
    config,
    ports: late.ports,
    beat: (input, signal) => events.beat(input, signal),
    peers,
    activeTenants,
  });
  opened.push(() => parts.platform.background.stop(1000));
  const context: unknown = await definition.createContext(parts.platform);
  opened.push(async () => definition.dispose?.(context));
  const ports: PlatformPorts | undefined = definition.provides?.(context);
  if (ports !== undefined) late.provide(ports);

  const { logger, metrics } = telemetry;
  const wake = host.transportWake;
  const transport = await openTransport(definition.name, host, { database, telemetry });
  opened.push(() => transport.close());
  const service = definition.name;
  tenants = createTenantParts({ definition, context, platform: parts.platform, database });
  const snapshots = definition.snapshots?.(context) ?? {};
  checkSnapshotSources(service, snapshots);
  const consumers = [
    ...(definition.snapshots === undefined ? [] : [snapshotConsumer(service, snapshots)]),
    ...(replica === undefined ? [] : replicaConsumers(service, replica.replica)),
    ...tenants.consumers(definition.consumers?.(context) ?? []),
  ];
  const events = createEventRuntime({ service, database, transport, wake, consumers, metrics, logger, env: host.env });
  const ops: OpsParts = {
    service,
    database,
    events,
    jobs: parts.jobs,
    snapshots,
    globalTables: definition.globalTables ?? false,
    tenants: tenants.ids,
    busInPostgres: host.kafka === undefined,
  };
  const resources = definition.resources?.(context);
  const routes = [
    ...definition.routes(context),
    ...opsRoutes(ops),
    ...(resources === undefined ? [] : [resourceRoutes(resources)]),
  ];
  const app = await createApp(definition, host, telemetry, parts, routes);
  opened.push(() => app.close());
  const state = createHealthState({ check: () => database.ready() });

  opened.push(() => events.stop(1000));
  await events.start();
  await publishManifest({
    service,
    declared: { manifest: definition.permissions, calls: definition.calls ?? {} },
    database,
  });
  opened.push(() => parts.jobs.stop(1000));
  const own = definition.jobs?.(context) ?? {};
  const shared = opsJobs(ops);
  parts.jobs.start({
    queues: [...tenants.queues(own.queues ?? []), ...shared.queues],
    schedules: [...(own.schedules ?? []), ...shared.schedules],
  });
  for (const task of definition.background?.(context) ?? []) parts.platform.background.start(task);
  if (replica !== undefined) parts.platform.background.start(replica.catchUp);
  await definition.ready?.(context);
  await events.ready();
  parts.platform.background.start(state.probe);
  state.markStarted();
  const accessPort = late.ports.access;
  return {
    ...parts,
    definition,
    host,
    telemetry,
    database,
    context,
    replica,
    peers,
    transport,
    events,
    state,
    app,
    ports,
    resources,
    accessPort,
  };
}

/** What a process apart from auth has of it: answers over HTTP, and its copy of the snapshot. */
function portsOf({ remote }: HostResources, opened: OpenReplica | undefined): PlatformPorts | undefined {
  if (remote === undefined || opened === undefined) return undefined;
  return { ...remote, access: opened.replica.port };
}

function replicaOf(definition: AnyService, host: HostResources, telemetry: Telemetry): OpenReplica | undefined {
  if (host.auth === undefined) return undefined;
  const clock = host.clock ?? (() => new Date());
  return openReplica({ auth: host.auth, manifest: definition.permissions, telemetry, clock });
}

function createApp(
  definition: AnyService,
  host: HostResources,
  { logger, metrics }: Telemetry,
  { verifier, serviceVerifier, access, platform, origins }: PlatformParts,
  routes: readonly RoutePlugin[],
): Promise<FastifyInstance> {
  return createHttpApp({
    description: {
      title: definition.name,
      description: definition.description,
      version: host.version ?? '0.1.0',
      serverUrl: host.publicUrl,
    },
    routes,
    manifest: definition.permissions,
    verifier,
    serviceVerifier,
    access,
    limiter: platform.limiter,
    logger,
    metrics,
    publicUrl: host.publicUrl,
    origins,
    publicHosts: host.publicHosts ?? [],
    trustedProxies: host.trustedProxies ?? [],
    deadlineMs: host.deadlineDefaultMs ?? 15_000,
    bodyLimit: host.bodyLimitBytes ?? 1024 * 1024,
    environment: host.environment,
    clock: platform.clock,
  });
}

function describeRunning(parts: Running, configuration: ConfigEntry[]): RunningService {
  const { definition, app, database, telemetry, events, state, platform, host } = parts;
  return {
    name: definition.name,
    definition,
    app,
    context: parts.context,
    database,
    telemetry,
    events,
    jobs: parts.jobs,
    ports: parts.ports,
    resources: parts.resources,
    permitted: () => permitted(definition.name, definition.permissions, parts.accessPort),
    health: () => state.health(),
    openapi: async () => app.swagger(),
    async info() {
      const status = await events.status().catch((error: Error) => ({ unavailable: error.message }));
      return {
        service: definition.name,
        description: definition.description,
        version: host.version ?? '0.1.0',
        mode: host.mode,
        configuration,
        events: status,
        background: platform.background.status(),
      };
    },
    stop: ({ deadlineMs }) => stopService(parts, deadlineMs),
  };
}
