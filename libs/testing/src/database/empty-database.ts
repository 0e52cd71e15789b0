import { randomBytes } from 'node:crypto';
import { currentRun, databasePrefix, rolePrefix, withClient, withDatabase } from './test-run.ts';

/** A database of one test file. */
export interface EmptyDatabase extends AsyncDisposable {
  /** Superuser on this database. */
  adminUrl: string;
  /** `DATABASE_ROLE_PREFIX` for roles made in it; the same for all files of a run. */
  prefix: string;
}

/** A database of the run's server, empty or copied from a template. Disposing it drops it with the connections it still has. */
export async function emptyDatabase({ template = 'template0' }: { template?: string } = {}): Promise<EmptyDatabase> {
  const run = currentRun();
  const name = `${databasePrefix(run)}${randomBytes(5).toString('hex')}`;
  await withClient(run.adminUrl, (client) => client.query(`create database ${name} template ${template}`));
  return {
    adminUrl: withDatabase(run.adminUrl, name),
    prefix: rolePrefix(run),
    async [Symbol.asyncDispose]() {
      await withClient(run.adminUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}
