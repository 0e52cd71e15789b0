import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '@idp/telemetry';
import { defaultRolePrefix, serviceRoles, type ServiceRoles } from '../roles/names.ts';
import { isSqlError } from '../wire/errors.ts';
import { MigrationError, readMigrations, type Migration } from './files.ts';
import type { MigrationSource } from './source.ts';
import { sqlErrorMessage, templated } from './template.ts';

export interface MigrateOptions {
  /** Direct connection of a login that may `SET ROLE` to the owner; not through a pooler. */
  url: string;
  service: string;
  /** Default `idp_`. */
  prefix?: string;
  /** In the order of application; the service's own last. `databaseMigrations` comes first. */
  sources: readonly MigrationSource[];
  logger?: Pick<Logger, 'info' | 'warn'>;
}

export interface MigrateResult {
  applied: { component: string; version: number; name: string; durationMs: number }[];
}

const lockRetriesMax = 10;
const lockTimeout = '2s';

/**
 * Applies what is missing, one transaction each, under an advisory lock: of two runners one works and the other finds
 * it done. Throws MigrationError on a changed file, a gap, an unknown later version, or a failing statement.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const roles = serviceRoles(options.service, options.prefix ?? defaultRolePrefix);
  const wanted = await Promise.all(options.sources.map(readMigrations));
  const client = new pg.Client({ connectionString: options.url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`select pg_advisory_lock(hashtextextended('idp migrate ${roles.schema}', 0))`);
    await client.query(
      `set role ${roles.owner}; set search_path = ${roles.schema}; set lock_timeout = '${lockTimeout}'; set timezone = 'UTC'`,
    );
    const applied: MigrateResult['applied'] = [];
    await createLedger(client, roles);
    for (const migrations of wanted) {
      for (const migration of await missing(client, migrations, options.service)) {
        applied.push(await apply(client, migration, roles, options.logger));
      }
    }
    await maintainAuditPartitions(client);
    return { applied };
  } finally {
    await client.end();
  }
}

/** The ledger precedes every migration, so it is no migration itself. */
async function createLedger(client: pg.Client, roles: ServiceRoles): Promise<void> {
  await client.query(
    templated(
      `create table if not exists schema_migrations (
  component text not null,
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  duration_ms integer not null,
  primary key (component, version)
);
comment on table schema_migrations is 'class: platform';
alter table schema_migrations enable row level security;
alter table schema_migrations force row level security;
do $$ begin
  if not exists (select from pg_catalog.pg_policy where polrelid = 'schema_migrations'::regclass) then
    create policy owner on schema_migrations to {{owner}} using (true) with check (true);
    create policy known on schema_migrations for select to {{app}}, {{relay}} using (true);
    grant select on schema_migrations to {{app}}, {{relay}};
  end if;
end $$;`,
      roles,
    ),
  );
}

interface Applied {
  version: number;
  name: string;
  checksum: string;
}

async function missing(
  client: pg.Client,
  migrations: readonly Migration[],
  service: string,
): Promise<readonly Migration[]> {
  const component = migrations[0]?.component;
  if (component === undefined) return [];
  const { rows } = await client.query<Applied>(
    'select version, name, checksum from schema_migrations where component = $1 order by version',
    [component],
  );
  for (const row of rows) {
    const known = migrations[row.version - 1];
    if (known === undefined) {
      throw new MigrationError(
        `${service}: ${component} is at version ${row.version} (${row.name}), which this release does not know; deploy the release that made it`,
      );
    }
    if (known.checksum !== row.checksum) {
      throw new MigrationError(
        `${service}: ${component}/${known.file} was changed after it was applied; restore it and write a new migration`,
      );
    }
  }
  return migrations.slice(rows.length);
}

async function apply(client: pg.Client, migration: Migration, roles: ServiceRoles, logger: MigrateOptions['logger']) {
  const { component, version, name, checksum } = migration;
  const text = templated(migration.sql, roles);
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (!migration.alone) await client.query('begin');
      await client.query(text);
      const durationMs = Math.round(performance.now() - startedAt);
      await client.query(
        'insert into schema_migrations (component, version, name, checksum, duration_ms) values ($1, $2, $3, $4, $5)',
        [component, version, name, checksum, durationMs],
      );
      if (!migration.alone) await client.query('commit');
      logger?.info({ component, version, name, durationMs }, 'migration applied');
      return { component, version, name, durationMs };
    } catch (error) {
      // On a lost connection the rollback has happened already, and its error would hide the first one.
      if (!migration.alone) await client.query('rollback').catch(() => undefined);
      const busy = isSqlError(error) && error.code === '55P03';
      if (!busy || attempt > lockRetriesMax) {
        throw new MigrationError(`${component}/${migration.file}: ${sqlErrorMessage(error, text)}`, { cause: error });
      }
      logger?.warn({ component, version, attempt }, 'migration waits for a lock');
      await sleep(200 * attempt);
    }
  }
}

/** Partitions of the months ahead; rows of a month without one are kept by the default partition. */
async function maintainAuditPartitions(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ present: boolean }>(
    `select to_regprocedure('maintain_audit_partitions(integer)') is not null as present`,
  );
  if (rows[0]?.present === true) await client.query('select maintain_audit_partitions(3)');
}
