import { createDatabase, explain, judgePlan, type Database, type ObservedQuery } from '@idp/database';
import { createTelemetry } from '@idp/telemetry';
import { testDatabase } from '@idp/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseFilters } from '../../src/domain/query/filter-grammar.ts';
import { parsePredicate } from '../../src/domain/query/predicate.ts';
import { textIn, type QueryNode } from '../../src/domain/query/tree.ts';
import { catalog } from '../../src/service.ts';
import type { CatalogTx } from '../../src/store/catalog-tx.ts';
import { readAncestry } from '../../src/store/query/ancestry.ts';
import {
  findEntitiesByNumbers,
  findEntitiesByRefs,
  findEntityByRef,
  findEntityByUid,
} from '../../src/store/query/find-entity.ts';
import { listLocations } from '../../src/store/query/locations.ts';
import type { PageRequest } from '../../src/store/query/page-sql.ts';
import { queryEntities, queryEntityNumbers } from '../../src/store/query/query-entities.ts';
import { listRegistryRows } from '../../src/store/query/services.ts';
import { fillTenants, tenantOf, uidOf } from '../support/fill-tenants.ts';

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

const byName: PageRequest & { withTotal: boolean; withRelations: boolean } = {
  order: [{ field: 'metadata.name', order: 'asc' }],
  missing: 'drop',
  ties: 'number',
  limit: 20,
  withTotal: true,
  withRelations: true,
};
const twoConditions = parseFilters(['kind=component,spec.type=type-1']);
const alternatives = parseFilters(['kind=component,spec.type=type-1', 'kind=api']);
const owned = parsePredicate({ relations: { $contains: { type: 'ownedBy', targetRef: 'group:default/team-1' } } });
const negated = parsePredicate({ $all: [{ kind: 'component' }, { $not: { 'spec.type': 'type-1' } }] });
const prefixed = parsePredicate({ 'metadata.name': { $hasPrefix: 'entity-00' } });
const read =
  (tree: QueryNode, page: Partial<typeof byName> = {}) =>
  (tx: CatalogTx) =>
    queryEntities(tx, { tree, page: { ...byName, ...page } });

const queries: [string, (tx: CatalogTx) => Promise<unknown>][] = [
  ['an entity by ref', (tx) => findEntityByRef(tx, 'component:default/entity-00010')],
  ['an entity by uid', (tx) => findEntityByUid(tx, uidOf(7, 10))],
  ['a visible entity by ref', (tx) => findEntityByRef(tx, 'component:default/entity-00010', twoConditions)],
  [
    'entities by refs',
    (tx) => findEntitiesByRefs(tx, ['component:default/entity-00010', 'api:default/x'], { withRelations: true }),
  ],
  ['entities by numbers', (tx) => findEntitiesByNumbers(tx, [20, 21, 22], true)],
  ['a page by name of all', (tx) => queryEntities(tx, { page: byName })],
  ['a page by name of two conditions', read(twoConditions)],
  ['the next page', read(twoConditions, { position: ['entity-00011', 31], withTotal: false })],
  ['a page of alternatives', read(alternatives)],
  ['a page of a relation', read(owned)],
  ['a page of a negation', read(negated)],
  ['a page of a prefix', read(prefixed)],
  ['a page in the order of numbers', read(twoConditions, { order: [] })],
  [
    'a page of two sort fields by ref',
    read(twoConditions, {
      order: [
        { field: 'spec.type', order: 'desc' },
        { field: 'metadata.title', order: 'asc' },
      ],
      missing: 'last',
      ties: 'ref',
    }),
  ],
  ['a page sorted by a relation', read(twoConditions, { order: [{ field: 'relations.ownedby', order: 'asc' }] })],
  ['a substring of most names', read(textIn(['metadata.name'], 'entity-00'))],
  [
    'the numbers of everything',
    (tx) => queryEntityNumbers(tx, { page: { ...byName, order: [], ties: 'ref', limit: 100_000 } }),
  ],
  ['facets of everything', (tx) => queryEntities(tx, { facets: ['spec.type', 'metadata.tags'] })],
  [
    'facets of two conditions',
    (tx) =>
      queryEntities(tx, { tree: twoConditions, facets: ['metadata.tags', 'relations.ownedby', 'relations.ownerof'] }),
  ],
  ['an ancestry', (tx) => readAncestry(tx, 'component:default/entity-00010')],
  ['locations', (tx) => listLocations(tx)],
  ['registry rows', (tx) => listRegistryRows(tx, [uidOf(7, 10), uidOf(7, 11)])],
];

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

test.each(queries)('%s', async (what, run) => {
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

test.each(queries)('%s, on tables the planner knows nothing of', async (_, run) => {
  for (const { name, kind, rowsRead } of await plansOf(unknown, tenantOf(2), run)) {
    expect(rowsRead, `${name} (${kind} plan)`).toBeLessThan(rowsPerEntityMax * entities);
  }
});
