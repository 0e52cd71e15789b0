import { createDatabase, explain, judgePlan, type Database, type ObservedQuery } from '@idp/database';
import { createTelemetry } from '@idp/telemetry';
import { testDatabase } from '@idp/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalog } from '../../src/service.ts';
import type { CatalogTx } from '../../src/store/catalog-tx.ts';
import { fillTenants, tenantOf } from '../support/fill-tenants.ts';
import { namedQueries } from './named-queries.ts';

/**
 * Under row security only some operators use an index. Every named query of the read path is explained on many tenants of
 * one shape, with a custom and with the generic plan: none may read a table end to end, or throw most of what it reads away.
 */
const tenants = 20;
const entities = 1000;

let observed: ObservedQuery[] = [];
let analyzed: Filled;
let unknown: Filled;

interface Filled extends AsyncDisposable {
  readonly appUrl: string;
  readonly db: Database<unknown>;
}

beforeAll(async () => {
  analyzed = await filled({ tenants, analyze: true });
  unknown = await filled({ tenants: 2, analyze: false });
}, 300_000);
afterAll(async () => {
  await analyzed[Symbol.asyncDispose]();
  await unknown[Symbol.asyncDispose]();
});

async function filled(options: { tenants: number; analyze: boolean }): Promise<Filled> {
  const database = await testDatabase({ services: [{ name: 'auth' }, catalog] });
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  await fillTenants(admin, { entities, ...options });
  await admin.end();
  const appUrl = database.urlsFor('catalog').app;
  const { logger, metrics } = createTelemetry({ service: 'catalog', version: '0', level: 'silent' });
  const db = createDatabase({
    service: 'catalog',
    url: appUrl,
    cursorKey: Buffer.alloc(32),
    metrics,
    logger,
    environment: 'test',
    onQuery: (query) => observed.push(query),
  });
  return {
    appUrl,
    db,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** The plans of what one query sends, custom and generic, each executed once. */
async function plansOf({ appUrl, db }: Filled, tenantId: string, run: (tx: CatalogTx) => Promise<unknown>) {
  observed = [];
  await db.tenant(tenantId).read((tx) => run(tx as CatalogTx), { isolation: 'repeatable read' });
  const sent = observed.filter(({ name }) => name.startsWith('catalog.'));
  expect(sent.length).toBeGreaterThan(0);
  const plans = [];
  for (const query of sent) plans.push(...(await explain(appUrl, tenantId, query)));
  expect(plans).toHaveLength(2 * sent.length);
  return plans;
}

test.each(namedQueries)('%s', async (what, run) => {
  // A substring has no index: the values of the tenant are looked through, and no others.
  const limits = what.startsWith('a substring') ? { removedPerRowMax: 200 } : {};
  const plans = await plansOf(analyzed, tenantOf(7), run);
  expect(plans.flatMap((plan) => judgePlan(plan, limits))).toEqual([]);
});

/**
 * Rows a query may read for each entity of the tenant: a posting and a look-up of each of its rows, for a few conditions and fields; the
 * relations of the tenant for each of the 21 rows of a page, in two directions. A set that is read anew for each entity costs 1,000.
 */
const rowsPerEntityMax = 80;

test.each(namedQueries)('%s, on tables the planner knows nothing of', async (_, run) => {
  for (const { name, kind, rowsRead } of await plansOf(unknown, tenantOf(2), run)) {
    expect(rowsRead, `${name} (${kind} plan)`).toBeLessThan(rowsPerEntityMax * entities);
  }
});
