import type { z } from 'zod';
import type { Logger, Metrics } from '@idp/telemetry';
import type { Access, PermissionManifest, PlatformPorts, ServiceCalls } from '@idp/auth';
import type { CreateCache, Limiter } from '@idp/cache';
import type { Database } from '@idp/database';
import type { Egress } from '@idp/egress';
import type { ConsumerDefinition, EventRuntime, SnapshotSources } from '@idp/events';
import type { JobDefinitions, Leases } from '@idp/jobs';
import type { Secrets } from '@idp/secrets';
import type { BackgroundRunner, BackgroundTask } from './host/background.ts';
import type { RoutePlugin } from './http/types.ts';
import { opsPermissions } from './ops/permissions.ts';
import type { Peers } from './resources/open-peers.ts';
import type { ResourceSource } from './resources/resource-source.ts';
import type { PrepareTenant } from './tenants/tenant-consumer.ts';
import type { TenantOfService } from './tenants/tenant-states.ts';

/** How a process runs the service. */
export interface HostInfo {
  /** `embedded`: one process for the whole fleet; `process`: a process of its own. */
  mode: 'embedded' | 'process';
  /** Where clients reach the platform; no trailing slash. Links are built from it, never from a request. */
  publicUrl: string;
  /** State directory of the embedded host. */
  dataDirectory?: string;
  environment: 'production' | 'development' | 'test';
}

/** What the kernel gives a service to build its context from. */
export interface ServicePlatform<Values = Record<string, unknown>> {
  name: string;
  /** The service's own variables, validated. */
  config: Values;
  host: HostInfo;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>;
  secrets: Secrets;
  egress: Egress;
  access: Access;
  logger: Logger;
  metrics: Metrics;
  clock: () => Date;
  /** Work beside requests: awaited at shutdown, its failures logged. */
  background: BackgroundRunner;
  /** Makes a cache: memory of this process, and Redis where the host has one. */
  createCache: CreateCache;
  /** Counts calls against rate policies. */
  limiter: Limiter;
  /** Runs a function while this process is the only one that holds a name of a tenant. */
  lease: Leases['lease'];
  /** Sends a liveness record past the outbox. */
  beat: EventRuntime['beat'];
  /** What other services say of their objects. */
  resourcesOf: Peers['resourcesOf'];
}

/** A service as plain data; a host starts it. */
export interface ServiceDefinition<S extends z.ZodObject = z.ZodObject, Context = unknown> {
  name: string;
  description: string;
  /** The service's own variables. */
  config: S;
  /** Folder of numbered SQL files. */
  migrations: URL;
  permissions: PermissionManifest;
  /** Permissions of other services that this one uses in its own name, by service: they count in every tenant. */
  calls?: ServiceCalls;
  /**
   * Makes what the service needs for a new tenant. With it the kernel follows auth's tenants: table `tenants`, consumer
   * `<service>.tenants`, answers `TenantPrepared` and, when all of a deleted tenant is erased, `TenantPurged`. Every service but auth has it.
   */
  prepareTenant?: PrepareTenant;
  /** The service keeps tables without a tenant. */
  globalTables?: boolean;
  database?: {
    /** Constraint or unique index name → field name of the API. */
    constraints?: Readonly<Record<string, string>>;
  };
  /** Log field names allowed beside the common ones. */
  logFields?: readonly string[];
  createContext(platform: ServicePlatform<z.output<S>>): Promise<Context> | Context;
  routes(context: Context): RoutePlugin[];
  /** What auth asks of the objects of this service (`POST /internal/v1/authz/resources` and `…/owners`), where it decides about them for others. */
  resources?(context: Context): ResourceSource;
  consumers?(context: Context): ConsumerDefinition[];
  /**
   * State that readers may ask for again, by topic of this service. With it the kernel answers `SnapshotRequested` (consumer
   * `<service>.snapshot-requests`) and `POST …/ops/snapshots`.
   */
  snapshots?(context: Context): SnapshotSources;
  /** All tenants, where the service keeps them itself; else those it has prepared. */
  tenants?(context: Context): Promise<readonly TenantOfService[]>;
  /** Queues and schedules; they run after the consumers, unless ROLE is `api`. */
  jobs?(context: Context): JobDefinitions;
  background?(context: Context): BackgroundTask[];
  /** Ports other services of the fleet need; auth provides token keys, API keys and the access snapshot. */
  provides?(context: Context): PlatformPorts;
  /** Part of start: resolves when the service may serve. */
  ready?(context: Context): Promise<void>;
  dispose?(context: Context): Promise<void>;
}

/** A definition of any configuration and context, as hosts hold them. */
// oxlint-disable-next-line typescript/no-explicit-any -- hosts never look inside
export type AnyService = ServiceDefinition<any, any>;

/**
 * Checks a definition as far as its parts are known before a start, and returns it with the permissions that every service
 * has for its operators (`<service>:ops:…`).
 */
export function defineService<S extends z.ZodObject, Context>(
  definition: ServiceDefinition<S, Context>,
): ServiceDefinition<S, Context> {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(definition.name)) {
    throw new TypeError(`service name "${definition.name}" is not kebab-case`);
  }
  const ops = opsPermissions(definition.name);
  for (const permission of Object.keys(definition.permissions)) {
    if (!new RegExp(`^${definition.name}:[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$`).test(permission)) {
      throw new TypeError(`permission "${permission}" is not ${definition.name}:<resource>:<action>`);
    }
    if (Object.hasOwn(ops, permission)) throw new TypeError(`permission "${permission}" belongs to the kernel`);
  }
  for (const [service, permissions] of Object.entries(definition.calls ?? {})) {
    for (const permission of permissions) {
      if (!new RegExp(`^${service}:[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$`).test(permission)) {
        throw new TypeError(`call "${permission}" is no permission of ${service}`);
      }
    }
  }
  return { ...definition, permissions: { ...definition.permissions, ...ops } };
}
