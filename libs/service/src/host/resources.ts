import type { SharedState } from '@idp/cache';
import type { KeyProvider } from '@idp/secrets';
import type { DestinationStream } from '@idp/telemetry';
import type { PlatformPorts } from '@idp/auth';
import type { KafkaSettings, WakeSignal } from '@idp/events';
import type { OwnEndpoint } from '@idp/egress';
import type { AuthService } from '../replica/open-replica.ts';
import type { PeerPlaces } from '../resources/open-peers.ts';
import type { HostInfo } from '../define-service.ts';

/** Logins of one service's roles. */
export interface DatabaseUrls {
  app: string;
  relay?: string;
  /** Where the PostgreSQL bus is; default `app`. */
  bus?: string;
  replica?: string;
}

/** What a host gives to every service it starts. */
export interface HostResources extends HostInfo, PeerPlaces {
  /** Where the service's own variables are read from. */
  env: NodeJS.ProcessEnv;
  /** Release shown at `/info` and in logs. */
  version?: string;
  /** Hosts a request may name, `name` or `name:port`; the host of `publicUrl` and the loopback names are always served. */
  publicHosts?: readonly string[];
  /** CIDR ranges whose `X-Forwarded-For` is believed. */
  trustedProxies?: readonly string[];
  logLevel?: string;
  logDestination?: DestinationStream;
  databaseUrls: DatabaseUrls;
  databasePoolMax?: number;
  databasePrepare?: boolean;
  /** Brokers that carry events; without them PostgreSQL does. */
  kafka?: KafkaSettings;
  /** Where caches and rate limits are kept, shared by all services of one process; default the memory of the service alone. */
  shared?: SharedState;
  /** False: no rate limit refuses anything; for load tests. */
  rateLimits?: boolean;
  /** Hook on commits, shared by all services of one process. */
  transportWake: WakeSignal;
  /** Ports of the auth service; a service that provides them itself needs none. A function is called at first use. */
  ports?: PlatformPorts | (() => PlatformPorts);
  /** The auth service, for a process that keeps a copy of its access snapshot, and what it answers over HTTP. */
  auth?: AuthService;
  remote?: Pick<PlatformPorts, 'jwks' | 'apiKeys'>;
  secretsKeyProvider: KeyProvider;
  /** Key of this installation from which each service's cursor key is derived, 32 bytes or more. */
  cursorSecret: Buffer;
  /** Entries of `EGRESS_ALLOW`. */
  egressAllow?: readonly string[];
  /** Addresses of the platform itself that no typed URL may reach. */
  egressForbidden?: readonly OwnEndpoint[];
  /** The time; replaced in tests. */
  clock?: () => Date;
  deadlineDefaultMs?: number;
  bodyLimitBytes?: number;
}
