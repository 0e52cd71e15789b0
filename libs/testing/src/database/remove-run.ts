import { databasePrefix, rolePrefix, withClient, type TestRun } from './test-run.ts';

/** Drops the databases and roles of a run on a server that outlives it. */
export async function removeRun(run: TestRun): Promise<void> {
  await withClient(run.adminUrl, async (client) => {
    const { rows: databases } = await client.query<{ name: string }>(
      'select quote_ident(datname) as name from pg_database where starts_with(datname, $1)',
      [databasePrefix(run)],
    );
    for (const { name } of databases) {
      await client.query(`alter database ${name} is_template false`);
      await client.query(`drop database ${name} with (force)`);
    }
    const { rows: roles } = await client.query<{ name: string }>(
      'select quote_ident(rolname) as name from pg_roles where starts_with(rolname, $1)',
      [rolePrefix(run)],
    );
    for (const { name } of roles) await client.query(`drop role ${name}`);
  });
}
