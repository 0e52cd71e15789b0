import { expect, test } from 'vitest';
import { emptyDatabase } from '../src/index.ts';
import { withClient } from '../src/database/test-run.ts';

test('a database of its own is empty and gone after use', async () => {
  const database = await emptyDatabase();
  const tables = await withClient(database.adminUrl, (client) =>
    client.query("select from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"),
  );
  expect(tables.rowCount).toBe(0);
  await database[Symbol.asyncDispose]();
  await expect(withClient(database.adminUrl, (client) => client.query('select 1'))).rejects.toThrow('does not exist');
});
