import { databaseMigrations, type MigrationSource } from '@idp/database';
import { eventsMigrations } from '@idp/events';
import { jobsMigrations } from '@idp/jobs';
import { secretsMigrations } from '@idp/secrets';

/** What a service brings to the database; its definition has all of it. */
export interface ServiceSchema {
  name: string;
  /** Folder of its migrations; without one its schema holds the tables of the libs only. */
  migrations?: URL;
  /** With it the schema keeps the list of prepared tenants. */
  prepareTenant?: unknown;
}

const tenantsMigrations: MigrationSource = {
  component: 'tenants',
  directory: new URL('../../migrations/', import.meta.url),
};

/** Migrations of a service in the order of application: those of the libs, then its own. */
export function migrationSourcesOf({ name, migrations, prepareTenant }: ServiceSchema): MigrationSource[] {
  return [
    databaseMigrations,
    secretsMigrations,
    eventsMigrations,
    jobsMigrations,
    ...(prepareTenant === undefined ? [] : [tenantsMigrations]),
    ...(migrations === undefined ? [] : [{ component: name, directory: migrations }]),
  ];
}
