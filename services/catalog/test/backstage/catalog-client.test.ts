import { CATALOG_FILTER_EXISTS, CatalogClient } from '@backstage/catalog-client';
import { stringifyEntityRef } from '@backstage/catalog-model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDescriptorServer, type DescriptorServer } from '../support/descriptor-server.ts';
import { startCatalog, type RunningCatalog, type TestTenant } from '../support/running-catalog.ts';
import { component, seedEntities } from '../support/seed-entities.ts';

/** Every method of the unmodified npm package against the running service. */
let files: DescriptorServer;
let catalog: RunningCatalog;
let tenant: TestTenant;
let client: CatalogClient;

beforeAll(async () => {
  files = await startDescriptorServer();
  catalog = await startCatalog({ egressAllow: ['127.0.0.1/32'] });
  tenant = await catalog.tenant();
  client = new CatalogClient({ discoveryApi: { getBaseUrl: async () => `${catalog.url}/api/catalog` } });
  await seedEntities(catalog.context, tenant.id, [
    ...['delta', 'Alpha', 'charlie', 'bravo'].map((name) => component(name, { metadata: { tags: ['java'] } })),
    {
      apiVersion: 'backstage.io/v1alpha1',
      kind: 'Group',
      metadata: { name: 'team-a' },
      spec: { type: 'team', children: [] },
    },
    {
      apiVersion: 'backstage.io/v1alpha1',
      kind: 'User',
      metadata: { name: 'sam', namespace: 'people' },
      spec: { memberOf: ['default/team-a'] },
    },
  ]);
}, 60_000);
afterAll(async () => {
  await catalog[Symbol.asyncDispose]();
  await files[Symbol.asyncDispose]();
});

const as = (token = tenant.admin.token) => ({ token });

describe('entities', () => {
  test('getEntities filters, cuts to fields and orders', async () => {
    const { items } = await client.getEntities(
      {
        filter: [
          { kind: 'component', 'metadata.tags.java': 'true' },
          { kind: ['user'], 'spec.memberOf': CATALOG_FILTER_EXISTS },
        ],
        fields: ['kind', 'metadata.name'],
        order: { field: 'metadata.name', order: 'desc' },
      },
      as(),
    );
    expect(items).toEqual([
      { kind: 'User', metadata: { name: 'sam' } },
      { kind: 'Component', metadata: { name: 'delta' } },
      { kind: 'Component', metadata: { name: 'charlie' } },
      { kind: 'Component', metadata: { name: 'bravo' } },
      { kind: 'Component', metadata: { name: 'Alpha' } },
    ]);
  });

  test('getEntityByRef finds it in any case, with relations of both directions', async () => {
    const group = await client.getEntityByRef('Group:Default/TEAM-A', as());
    expect(group?.relations).toEqual([
      { type: 'hasMember', targetRef: 'user:people/sam' },
      ...['alpha', 'bravo', 'charlie', 'delta'].map((name) => ({
        type: 'ownerOf',
        targetRef: `component:default/${name}`,
      })),
    ]);
    expect(await client.getEntityByRef('component:default/none', as())).toBeUndefined();
  });

  test('getEntitiesByRefs keeps order, duplicates and gaps, and splits long lists', async () => {
    const many = Array.from({ length: 1500 }, (_, index) =>
      index % 2 === 0 ? 'component:default/bravo' : `component:default/x${index}`,
    );
    const { items } = await client.getEntitiesByRefs({ entityRefs: many, fields: ['metadata.name'] }, as());
    expect(items).toHaveLength(1500);
    expect(items[0]).toEqual({ metadata: { name: 'bravo' } });
    expect(items.every((item, index) => (item === undefined) === (index % 2 === 1))).toBe(true);
    const upper = await client.getEntitiesByRefs({ entityRefs: ['Component:default/bravo', 'user:people/sam'] }, as());
    expect(upper.items.map((item) => item?.metadata.name)).toEqual([undefined, 'sam']);
    const filtered = await client.getEntitiesByRefs(
      { entityRefs: ['user:people/sam', 'group:default/team-a'], filter: { kind: 'group' } },
      as(),
    );
    expect(filtered.items.map((item) => item?.kind)).toEqual([undefined, 'Group']);
  });

  test('getEntityFacets counts values as written', async () => {
    const { facets } = await client.getEntityFacets(
      { facets: ['Kind', 'metadata.tags', 'nothing'], filter: { kind: ['component', 'group'] } },
      as(),
    );
    expect(facets).toEqual({
      Kind: [
        { value: 'Component', count: 4 },
        { value: 'Group', count: 1 },
      ],
      'metadata.tags': [{ value: 'java', count: 4 }],
      nothing: [],
    });
    const byPredicate = await client.getEntityFacets(
      { facets: ['kind'], query: { $not: { kind: 'component' } } as never },
      as(),
    );
    expect(byPredicate.facets['kind']?.map(({ value }) => value)).toEqual(['Group', 'User']);
  });

  test.each([
    ['filter', { filter: { kind: 'component' } }],
    ['predicate', { query: { kind: 'component' } as never }],
    ['nothing but the order', {}],
  ])('queryEntities pages there and back by %s', async (_, query) => {
    const first = await client.queryEntities(
      { ...query, limit: 2, orderFields: { field: 'metadata.name', order: 'asc' } },
      as(),
    );
    const total = first.totalItems;
    const names = [first.items.map((item) => item.metadata.name)];
    expect(first.pageInfo.prevCursor).toBeUndefined();
    let page = first;
    while (page.pageInfo.nextCursor !== undefined) {
      page = await client.queryEntities({ cursor: page.pageInfo.nextCursor, limit: 2 }, as());
      expect(page.totalItems).toBe(total);
      names.push(page.items.map((item) => item.metadata.name));
    }
    expect(names.flat()).toHaveLength(total);
    const back = [page.items.map((item) => item.metadata.name)];
    while (page.pageInfo.prevCursor !== undefined) {
      page = await client.queryEntities({ cursor: page.pageInfo.prevCursor, limit: 2 }, as());
      back.unshift(page.items.map((item) => item.metadata.name));
    }
    expect(back.flat()).toEqual(names.flat());
  });

  test('streamEntities yields all pages', async () => {
    const refs: string[] = [];
    for await (const page of client.streamEntities({ pageSize: 2 }, as()))
      refs.push(...page.map((item) => stringifyEntityRef(item)));
    expect(refs).toHaveLength(new Set(refs).size);
    expect(refs).toContain('user:people/sam');
  });

  test('validateEntity gives the verdict and says why', async () => {
    const good = component('fine') as never;
    expect(await client.validateEntity(good, 'url:https://example.com/catalog-info.yaml', as())).toEqual({
      valid: true,
    });
    const bad = await client.validateEntity(
      component('not fine!') as never,
      'url:https://example.com/catalog-info.yaml',
      as(),
    );
    expect(bad).toMatchObject({
      valid: false,
      errors: [{ name: 'InputError', message: expect.stringMatching(/metadata.name/) }],
    });
    const place = await client.validateEntity(good, 'file:/etc/passwd', as());
    expect(place).toMatchObject({ valid: false, errors: [{ message: expect.stringMatching(/only 'url:<target>'/) }] });
  });

  test('removeEntityByUid removes it; an unknown uid is no error', async () => {
    const [removable] = await seedEntities(catalog.context, tenant.id, [component('goes-away')]);
    await client.removeEntityByUid(removable?.uid ?? '', as());
    expect(await client.getEntityByRef('component:default/goes-away', as())).toBeUndefined();
    await client.removeEntityByUid(removable?.uid ?? '', as());
  });
});

describe('locations', () => {
  const descriptor = (name: string) =>
    `apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: ${name} }\nspec: { type: service, lifecycle: production, owner: team-a }\n`;

  test('live from registration to removal', async () => {
    files.files.set('/catalog-info.yaml', descriptor('from-file'));
    const target = `${files.url}/catalog-info.yaml`;
    const { location, entities } = await client.addLocation({ target }, as());
    expect(entities).toEqual([]);
    expect(location).toEqual({
      id: expect.any(String),
      type: 'url',
      target,
      entityRef: expect.stringMatching(/^location:default\/generated-[0-9a-f]{40}$/),
    });
    // The Location entity is readable at once, what it points at when it has been fetched.
    const own = await client.getEntityByRef((location as unknown as { entityRef: string }).entityRef, as());
    expect(own?.spec).toMatchObject({ type: 'url', target });
    await expect
      .poll(() => client.getEntityByRef('component:default/from-file', as()), { timeout: 10_000 })
      .toBeDefined();

    expect(await client.getLocationById(location.id, as())).toEqual(location);
    expect(await client.getLocationByRef(`url:${target}`, as())).toEqual(location);
    expect(await client.getLocationByEntity('component:default/from-file', as())).toEqual(location);
    expect(await client.getLocations({}, as())).toEqual({ items: [location] });

    const ancestors = await client.getEntityAncestors({ entityRef: 'component:default/from-file' }, as());
    expect(ancestors.rootEntityRef).toBe('component:default/from-file');
    expect(ancestors.items.map((item) => [stringifyEntityRef(item.entity), item.parentEntityRefs])).toEqual([
      ['component:default/from-file', [stringifyEntityRef(own!)]],
      [stringifyEntityRef(own!), []],
    ]);

    files.files.set('/catalog-info.yaml', descriptor('from-file').replace('production', 'deprecated'));
    await client.refreshEntity('component:default/from-file', as());
    const lifecycle = async () =>
      (await client.getEntityByRef('component:default/from-file', as()))?.spec?.['lifecycle'];
    await expect.poll(lifecycle, { timeout: 10_000 }).toBe('deprecated');

    await expect(client.addLocation({ target }, as())).rejects.toMatchObject({
      name: 'ResponseError',
      statusCode: 409,
    });
    expect((await client.addLocation({ target, onConflict: 'refresh' } as never, as())).location).toEqual(location);

    const moved = await client.updateLocation(location.id, { target: `${files.url}/moved.yaml` }, as());
    expect(moved).toEqual({ ...location, target: `${files.url}/moved.yaml` });

    await client.removeLocationById(location.id, as());
    expect(await client.getLocationById(location.id, as())).toBeUndefined();
    expect(await client.getEntityByRef(stringifyEntityRef(own!), as())).toBeUndefined();
  }, 60_000);

  test('dryRun shows what would come and stores nothing', async () => {
    files.files.set('/dry.yaml', descriptor('dry-run'));
    const answer = await client.addLocation({ target: `${files.url}/dry.yaml`, dryRun: true }, as());
    expect(answer.exists).toBe(false);
    expect(answer.location.id).toBe(`url:${files.url}/dry.yaml`);
    expect(answer.entities.map((entity) => entity.kind)).toEqual(['Location', 'Component']);
    expect((await client.getLocations({}, as())).items).toEqual([]);
    expect(await client.getEntityByRef('component:default/dry-run', as())).toBeUndefined();
  });

  test('queryLocations and streamLocations page by id', async () => {
    const targets = ['a', 'b', 'c'].map((name) => `${files.url}/page-${name}.yaml`);
    for (const target of targets) await client.addLocation({ target }, as());
    const first = await client.queryLocations(
      { limit: 2, query: { target: { $hasPrefix: `${files.url}/page-` } } as never },
      as(),
    );
    expect(first.items).toHaveLength(2);
    expect(first.totalItems).toBe(3);
    const rest = await client.queryLocations({ cursor: first.pageInfo.nextCursor ?? '' }, as());
    expect(rest.pageInfo.nextCursor).toBeUndefined();
    expect([...first.items, ...rest.items].map((item) => item.target).toSorted()).toEqual(targets);
    const streamed: string[] = [];
    for await (const page of client.streamLocations({ limit: 1 } as never, as()))
      streamed.push(...page.map((item) => item.target));
    expect(streamed.toSorted()).toEqual(targets);
    for (const item of [...first.items, ...rest.items]) await client.removeLocationById(item.id, as());
  });
});
