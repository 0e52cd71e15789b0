import { CatalogClient, type EntityFilterQuery } from '@backstage/catalog-client';
import { InMemoryCatalogClient } from '@backstage/catalog-client/testUtils';
import { stringifyEntityRef, type Entity } from '@backstage/catalog-model';
import { filterPredicateToFilterFunction } from '@backstage/filter-predicates';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCatalog, type RunningCatalog, type TestTenant } from '../support/running-catalog.ts';
import { seedEntities } from '../support/seed-entities.ts';
import { anyKey, randomEntities, singleKey } from './arbitraries.ts';
import { queriesOver, type Queries } from './queries-over.ts';

/**
 * The answers over HTTP against implementations of the same semantics that were not written here. Left out, because the
 * oracles differ from the Backstage backend there: lists compared with one value, keys in upper case inside documents, keys
 * after a list of values, order of by-query.
 */
const entityCount = 240;
const seed = 20_261;
const runs = 150;

let catalog: RunningCatalog;
let tenant: TestTenant;
let client: CatalogClient;
let oracle: InMemoryCatalogClient;
let all: Entity[];
let queries: Queries;

beforeAll(async () => {
  catalog = await startCatalog();
  tenant = await catalog.tenant();
  await seedEntities(catalog.context, tenant.id, randomEntities(entityCount, seed));
  const foreign = await catalog.tenant();
  await seedEntities(catalog.context, foreign.id, randomEntities(40, seed + 1));
  client = new CatalogClient({ discoveryApi: { getBaseUrl: async () => `${catalog.url}/api/catalog` } });
  all = (await client.getEntities({}, as())).items;
  oracle = new InMemoryCatalogClient({ entities: all });
  queries = queriesOver(all);
}, 120_000);
afterAll(() => catalog[Symbol.asyncDispose]());

const as = () => ({ token: tenant.viewer.token });
const refsOf = (items: readonly Entity[]) => items.map((entity) => stringifyEntityRef(entity));
const sorted = (items: readonly Entity[]) => refsOf(items).toSorted();

test('the tenant sees exactly what it wrote', () => {
  expect(all).toHaveLength(entityCount);
  expect(new Set(refsOf(all)).size).toBe(entityCount);
});

describe('filters', () => {
  test('select what the in-memory client selects', async () => {
    let narrowed = 0;
    await fc.assert(
      fc.asyncProperty(queries.filters, async (filter: EntityFilterQuery) => {
        const expected = sorted((await oracle.getEntities({ filter })).items);
        if (expected.length > 0 && expected.length < entityCount) narrowed += 1;
        expect(sorted((await client.getEntities({ filter }, as())).items)).toEqual(expected);
      }),
      { numRuns: runs, seed },
    );
    // Most random queries match something but not everything, or this test would say little.
    expect(narrowed).toBeGreaterThan(runs / 3);
  }, 60_000);

  test('select the same by cursor pages, with the exact total on each', async () => {
    await fc.assert(
      fc.asyncProperty(queries.filters, fc.integer({ min: 7, max: 90 }), async (filter: EntityFilterQuery, limit) => {
        const expected = sorted((await oracle.getEntities({ filter })).items);
        const found: Entity[] = [];
        let cursor: string | undefined;
        do {
          const page = await client.queryEntities(cursor === undefined ? { filter, limit } : { cursor, limit }, as());
          expect(page.totalItems).toBe(expected.length);
          found.push(...page.items);
          cursor = page.pageInfo.nextCursor;
        } while (cursor !== undefined);
        expect(sorted(found)).toEqual(expected);
      }),
      { numRuns: 40, seed },
    );
  }, 60_000);
});

describe('predicates', () => {
  test('select what @backstage/filter-predicates selects', async () => {
    let narrowed = 0;
    await fc.assert(
      fc.asyncProperty(queries.predicates, async (query) => {
        const expected = sorted(all.filter(filterPredicateToFilterFunction(query as never)));
        if (expected.length > 0 && expected.length < entityCount) narrowed += 1;
        const page = await client.queryEntities({ query: query as never, limit: 1000 }, as());
        expect(sorted(page.items)).toEqual(expected);
        expect(page.totalItems).toBe(expected.length);
      }),
      { numRuns: runs, seed },
    );
    expect(narrowed).toBeGreaterThan(runs / 4);
  }, 60_000);
});

describe('facets', () => {
  test('count what the in-memory client counts', async () => {
    // The oracle folds names, the backend does not; values over 200 characters are not indexed.
    const keys = anyKey.filter((key) => key !== 'metadata.name' && key !== 'spec.long');
    await fc.assert(
      fc.asyncProperty(queries.filters, fc.array(keys, { minLength: 1, maxLength: 3 }), async (filter, facets) => {
        const expected = await oracle.getEntityFacets({ filter, facets });
        const found = await client.getEntityFacets({ filter, facets }, as());
        expect(buckets(found.facets)).toEqual(buckets(expected.facets));
      }),
      { numRuns: 100, seed },
    );
  }, 60_000);
});

function buckets(facets: Record<string, { value: string; count: number }[]>) {
  return Object.entries(facets).map(([key, list]) => [
    key,
    list.map(({ value, count }) => `${value}: ${count}`).toSorted(),
  ]);
}

describe('order', () => {
  const orders = fc.array(fc.record({ field: singleKey, order: fc.constantFrom('asc' as const, 'desc' as const) }), {
    minLength: 1,
    maxLength: 3,
  });

  test('is that of the in-memory client, whole through link headers', async () => {
    await fc.assert(
      fc.asyncProperty(orders, fc.integer({ min: 20, max: 150 }), async (order, limit) => {
        const expected = refsOf((await oracle.getEntities({ order })).items);
        expect(refsOf(await throughLinks(order, limit))).toEqual(expected);
      }),
      { numRuns: 25, seed },
    );
  }, 60_000);

  test('of by-query drops entities without the field from items and total', async () => {
    const expected = all.filter((entity) => entity.metadata.title !== undefined);
    const page = await client.queryEntities(
      { orderFields: { field: 'metadata.title', order: 'desc' }, limit: 1000 },
      as(),
    );
    expect(page.totalItems).toBe(expected.length);
    const titles = page.items.map((entity) => String(entity.metadata.title).toLowerCase());
    expect(titles).toEqual([...titles].sort((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a))));
    expect(sorted(page.items)).toEqual(sorted(expected));
  });
});

async function throughLinks(order: { field: string; order: string }[], limit: number): Promise<Entity[]> {
  const found: Entity[] = [];
  const query = new URLSearchParams({ limit: String(limit) });
  for (const sort of order) query.append('order', `${sort.order}:${sort.field}`);
  let path: string | undefined = `/entities?${query}`;
  while (path !== undefined) {
    const answer = await catalog.request('GET', `/api/catalog${path}`, as());
    expect(answer.status).toBe(200);
    expect(answer.body.length).toBeLessThanOrEqual(limit);
    found.push(...(answer.body as Entity[]));
    path = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return found;
}

describe('fields', () => {
  test('cut entities as the in-memory client does', async () => {
    const field = fc.constantFrom(
      'kind',
      'metadata',
      'metadata.name',
      'metadata.tags',
      'metadata.annotations.a.b/c',
      'metadata.labels',
      'spec.nested.deep.leaf',
      'spec.dotted.key',
      'spec.list',
      'relations',
      'no.such',
      'kind.deeper',
      'spec.nothing',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(field, { minLength: 1, maxLength: 4 }), async (fields) => {
        const filter = { kind: ['component', 'user'] };
        const expected = (await oracle.getEntities({ filter, fields })).items;
        const found = (await client.getEntities({ filter, fields }, as())).items;
        const texts = (items: Entity[]) => items.map((item) => JSON.stringify(item, keysInOrder)).toSorted();
        expect(texts(found)).toEqual(texts(expected));
      }),
      { numRuns: 60, seed },
    );
  }, 60_000);
});

/** JSON.stringify replacer that sorts the members of objects. */
function keysInOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

describe('full text', () => {
  test('finds what the in-memory client finds, % and _ meant literally', async () => {
    const term = fc.constantFrom('a', '%', '_', 'a%', 'Pay', 'ÜBUNG', 'x y', ' alpha ', '日', 'zz');
    const fields = fc.uniqueArray(fc.constantFrom('metadata.name', 'metadata.title', 'spec.text', 'spec.list'), {
      minLength: 1,
      maxLength: 2,
    });
    await fc.assert(
      fc.asyncProperty(term, fields, async (text, names) => {
        const fullTextFilter = { term: text, fields: names };
        const expected = await oracle.queryEntities({ fullTextFilter });
        const found = await client.queryEntities({ fullTextFilter, limit: 1000 }, as());
        expect(sorted(found.items)).toEqual(sorted(expected.items));
      }),
      { numRuns: 60, seed },
    );
  }, 60_000);
});

describe('refs', () => {
  test('answer in order and length, under filter and predicate', async () => {
    const ref = fc.constantFrom(
      ...refsOf(all).slice(0, 60),
      'component:default/none',
      'Component:default/X',
      'nonsense',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(ref, { maxLength: 40 }), queries.predicates, async (entityRefs, query) => {
        const request = { entityRefs, query: query as never };
        const expected = await oracle.getEntitiesByRefs(request);
        expect(await client.getEntitiesByRefs(request, as())).toEqual(expected);
      }),
      { numRuns: 40, seed },
    );
  }, 60_000);
});
