import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase, type TestDatabase } from '../src/index.ts';
import { currentRun, withClient } from '../src/database/test-run.ts';

const services = [{ name: 'probe' }];
let database: TestDatabase;
beforeAll(async () => void (database = await testDatabase({ services })));
afterAll(() => database[Symbol.asyncDispose]());

test('each role of a service can log in and sees its own schema first', async () => {
  const { app, relay, bus } = database.urlsFor('probe');
  for (const url of [app, relay, bus]) {
    const { rows } = await withClient(url, (client) =>
      client.query('select current_schema() as schema, current_user as role'),
    );
    expect(rows[0]).toEqual({ schema: 'probe', role: new URL(url).username });
  }
  expect(new URL(app).username).toBe(`${database.prefix}probe_app`);
});

test('the platform tables are there and the app role may use them under row security alone', async () => {
  const { rows } = await withClient(database.urlsFor('probe').app, (client) =>
    client.query<{ tablename: string }>("select tablename from pg_tables where schemaname = 'probe'"),
  );
  const tables = rows.map(({ tablename }) => tablename);
  for (const table of ['audit_log', 'outbox', 'inbox', 'secret_keys']) expect(tables).toContain(table);
});

test('two databases of one template share nothing, and the template is built once', async () => {
  const other = await testDatabase({ services });
  await withClient(other.adminUrl, (client) => client.query('create table probe.only_here ()'));
  const { rows } = await withClient(database.adminUrl, (client) =>
    client.query<{ there: boolean }>("select to_regclass('probe.only_here') is not null as there"),
  );
  expect(rows).toEqual([{ there: false }]);
  const templates = await withClient(currentRun().adminUrl, (client) =>
    client.query('select from pg_database where datname like $1', [`test\\_${currentRun().id}\\_tpl\\_%`]),
  );
  expect(templates.rowCount).toBeGreaterThan(0);
  await other[Symbol.asyncDispose]();
});
