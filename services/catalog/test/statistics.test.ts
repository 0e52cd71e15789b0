import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startCatalog, type RunningCatalog } from './support/running-catalog.ts';
import { component, seedEntities } from './support/seed-entities.ts';

let catalog: RunningCatalog;
let admin: pg.Client;

beforeAll(async () => {
  catalog = await startCatalog();
  admin = new pg.Client({ connectionString: catalog.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await catalog[Symbol.asyncDispose]();
});

/** Rows of `terms` as the planner believes; -1 when it knows nothing. */
async function believedTerms(): Promise<number> {
  const { rows } = await admin.query<{ count: number }>(
    `select reltuples::int as count from pg_class where oid = 'catalog.terms'::regclass`,
  );
  return rows[0]?.count ?? Number.NaN;
}

test('the planner learns of entities that are written one by one', async () => {
  await admin.query('alter table catalog.terms set (autovacuum_enabled = false)');
  const tenant = await catalog.tenant();
  await seedEntities(catalog.context, tenant.id, names(0, 199));
  expect(await believedTerms()).toBe(-1);
  await seedEntities(catalog.context, tenant.id, names(199, 200));
  await vi.waitFor(async () => expect(await believedTerms()).toBeGreaterThan(1000), { timeout: 20_000 });
});

function names(from: number, to: number): object[] {
  return Array.from({ length: to - from }, (_, index) => component(`service-${from + index}`));
}
