import { derivePassword, serviceRoles } from '@idp/database';
import type { AnyService, DatabaseUrls } from '@idp/service';
import type { Logger } from '@idp/telemetry';
import { prepareDatabase, startPostgres } from '@idp/tools';
import type { HostConfig } from '../host/config.ts';
import { randomSecret, type StateDirectory } from './state-directory.ts';

/** The server all services share. */
export interface FleetDatabase {
  /** For the start table: `embedded PostgreSQL 18.4`, `db.example:5432`. */
  description: string;
  /** A login that may create roles. */
  adminUrl: string;
  /** Host and port no typed URL may reach; undefined for a Unix socket. */
  endpoint: { host: string; port: number } | undefined;
  /** Roles, schemas and migrations of these services. */
  prepare(services: readonly AnyService[], logger: Pick<Logger, 'info' | 'warn'>): Promise<void>;
  urlsFor(service: string): DatabaseUrls;
  /** Stops the embedded server; does nothing to another. */
  stop(): Promise<void>;
}

/**
 * The server of `DATABASE_URL`, or PostgreSQL started in the state directory. Throws ToolError, one line to act on, when it
 * cannot be had.
 */
export async function openFleetDatabase(
  config: HostConfig,
  state: StateDirectory,
  onLog: (line: string) => void,
): Promise<FleetDatabase> {
  // Passwords of the roles come from this key and are set at every start, so nothing else has to be kept.
  const key = Buffer.from((await state.secret('database', randomSecret)).value, 'base64url');
  const external = config.DATABASE_URL;
  const server = external === undefined ? await startPostgres({ directory: state.path, onLog }) : undefined;
  const adminUrl = external ?? server!.adminUrl;
  const prefix = config.DATABASE_ROLE_PREFIX;
  const passwords = (role: string) => derivePassword(key, role);
  const urlOf = (role: string) => {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = passwords(role);
    return url.href;
  };
  return {
    adminUrl,
    description: server === undefined ? placeOf(adminUrl) : describeServer(server),
    endpoint: endpointOf(adminUrl),
    prepare: (services, logger) => prepareDatabase({ adminUrl, services, prefix, passwords, logger }),
    urlsFor(service) {
      const { app, relay } = serviceRoles(service, prefix);
      return { app: urlOf(app), relay: urlOf(relay), bus: urlOf(app) };
    },
    stop: async () => server?.stop(),
  };
}

function describeServer({ version, adopted }: { version: string; adopted: boolean }): string {
  return `embedded PostgreSQL ${version}${adopted ? ', taken over from a run that was killed' : ''}`;
}

function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || '5432'}${pathname}`;
}

function endpointOf(url: string): FleetDatabase['endpoint'] {
  const { hostname, port, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? hostname;
  return host.startsWith('/') || host === '' ? undefined : { host, port: Number(port || 5432) };
}
