import { readdirSync } from 'node:fs';
import { bootstrapRoles, databaseMigrations, migrate } from '@idp/database';
import { secretsMigrations } from '@idp/secrets';
import { emptyDatabase } from '../../src/index.ts';
import type { EmptyDatabase } from '../../src/index.ts';

const services = new URL('../../../../services/', import.meta.url);

/** The names of all services of the repository: whoever has migrations. */
export function serviceNames(): readonly string[] {
  return readdirSync(services, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(new URL(`${entry.name}/`, services)).includes('migrations'))
    .map((entry) => entry.name);
}

/** A database with the schemas of all services, no rows in them. */
export async function migratedDatabase(): Promise<EmptyDatabase> {
  const database = await emptyDatabase();
  const { adminUrl, prefix } = database;
  const names = serviceNames();
  await bootstrapRoles({ adminUrl, prefix, services: names, passwords: (role) => `password of ${role}` });
  for (const service of names) {
    const own = { component: service, directory: new URL(`${service}/migrations/`, services) };
    await migrate({
      url: adminUrl,
      service,
      prefix,
      sources: [
        databaseMigrations,
        secretsMigrations,
        { component: 'events', directory: new URL('../libs/events/migrations/', services) },
        own,
      ],
    });
  }
  return database;
}
