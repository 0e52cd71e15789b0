import { bootstrapRoles, migrate } from '@idp/database';
import { bootstrapBus } from '@idp/events';
import { migrationSourcesOf, type ServiceSchema } from '@idp/service';
import type { Logger } from '@idp/telemetry';
import pg from 'pg';
import { ToolError, systemReason } from '../tool-error.ts';

export interface PrepareDatabaseOptions {
  /** Direct connection of a login that may create roles and schemas. */
  adminUrl: string;
  services: readonly ServiceSchema[];
  /** `DATABASE_ROLE_PREFIX`, default `idp_`. */
  prefix?: string;
  /** Password of a login role by its name. */
  passwords: (role: string) => string;
  logger?: Pick<Logger, 'info' | 'warn'>;
}

const oldestMajor = 15;

/**
 * Brings a database to this release: roles, schemas and passwords of the services, the bus, every missing migration.
 * Idempotent; of two processes one works and the other finds it done. Throws ToolError when the server cannot be reached or
 * is older than PostgreSQL 15, MigrationError when a migration fails.
 */
export async function prepareDatabase(options: PrepareDatabaseOptions): Promise<void> {
  const { adminUrl, services, passwords } = options;
  const named = options.prefix === undefined ? {} : { prefix: options.prefix };
  const logged = options.logger === undefined ? {} : { logger: options.logger };
  const names = services.map(({ name }) => name);
  await checkServer(adminUrl);
  await bootstrapRoles({ adminUrl, services: names, ...named, passwords });
  await Promise.all([
    bootstrapBus({ adminUrl, services: names, ...named, ...logged }),
    ...services.map((service) =>
      migrate({ url: adminUrl, service: service.name, ...named, sources: migrationSourcesOf(service), ...logged }),
    ),
  ]);
}

async function checkServer(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on('error', () => undefined);
  let version: string;
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    version = rows[0]!.server_version;
  } catch (cause) {
    throw new ToolError(`the database at ${placeOf(adminUrl)} cannot be reached: ${reasonOf(cause)}`, { cause });
  } finally {
    await client.end().catch(() => undefined);
  }
  if (Number.parseInt(version, 10) >= oldestMajor) return;
  throw new ToolError(
    `the database at ${placeOf(adminUrl)} is PostgreSQL ${version}; ${oldestMajor} or newer is needed`,
  );
}

/** Host, port and database of a URL: what may be shown of it. */
function placeOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  return `${searchParams.get('host') ?? hostname}:${port || '5432'}${pathname}`;
}

/** A name with several addresses fails with an error that holds one for each and no text of its own. */
function reasonOf(error: unknown): string {
  return systemReason(error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error);
}
