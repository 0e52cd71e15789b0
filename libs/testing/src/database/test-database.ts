import { serviceRoles } from '@idp/database';
import { busMigrations } from '@idp/events';
import { migrationSourcesOf, type ServiceSchema } from '@idp/service';
import { prepareDatabase } from '@idp/tools';
import { emptyDatabase, type EmptyDatabase } from './empty-database.ts';
import { ensureTemplate } from './template.ts';
import { currentRun, rolePassword, rolePrefix, withDatabase } from './test-run.ts';

/** Logins of one service, as a host hands them to it. */
export interface ServiceUrls {
  app: string;
  relay: string;
  bus: string;
}

/** A database of one test file with the schemas of some services, at the newest migration. */
export interface TestDatabase extends EmptyDatabase {
  urlsFor(service: string): ServiceUrls;
}

/**
 * A database with the schemas, roles and bus of these services (definitions, or names with a folder of migrations). Copied
 * from a template that is built once per run and set of migrations, in 50–100 ms. Disposing it drops it.
 */
export async function testDatabase({ services }: { services: readonly ServiceSchema[] }): Promise<TestDatabase> {
  const run = currentRun();
  const prefix = rolePrefix(run);
  const sources = [...services.flatMap(migrationSourcesOf), busMigrations];
  const template = await ensureTemplate(run, {
    name: services.map(({ name }) => name).join(),
    directories: [...new Set(sources.map(({ directory }) => directory.href))].map((href) => new URL(href)),
    build: (adminUrl) => prepareDatabase({ adminUrl, services, prefix, passwords: (role) => rolePassword(run, role) }),
  });
  const database = await emptyDatabase({ template });
  const name = new URL(database.adminUrl).pathname.slice(1);
  const urlOf = (role: string) => {
    const url = new URL(withDatabase(run.adminUrl, name));
    url.username = role;
    url.password = rolePassword(run, role);
    return url.href;
  };
  return {
    ...database,
    urlsFor(service) {
      const { app, relay } = serviceRoles(service, prefix);
      return { app: urlOf(app), relay: urlOf(relay), bus: urlOf(app) };
    },
  };
}
