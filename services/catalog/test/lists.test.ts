import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCatalog, type RequestOptions, type RunningCatalog, type TestTenant } from './support/running-catalog.ts';
import { component, seedEntities } from './support/seed-entities.ts';

let catalog: RunningCatalog;
let tenant: TestTenant;

beforeAll(async () => {
  catalog = await startCatalog();
}, 60_000);
beforeEach(async () => {
  tenant = await catalog.tenant();
});
afterAll(() => catalog[Symbol.asyncDispose]());

const call = (method: string, path: string, options: RequestOptions = {}) =>
  catalog.request(method, `/api/v1/services${path}`, { token: tenant.member.token, ...options });

const teamId = '0190a000-0000-7000-8000-00000000beef';

describe('listing', () => {
  beforeEach(async () => {
    await seedEntities(catalog.context, tenant.id, [
      component('bravo', {
        metadata: { tags: ['go'], title: 'The Search' },
        spec: { system: 'find', type: 'website' },
      }),
      component('Alpha', { metadata: { tags: ['java', 'go'] }, spec: { owner: 'team-b', lifecycle: 'experimental' } }),
      component('charlie', { metadata: { description: 'finds 100% of it' } }),
      {
        apiVersion: 'backstage.io/v1alpha1',
        kind: 'Group',
        metadata: { name: 'delta' },
        spec: { type: 'team', children: [] },
      },
    ]);
  });
  const namesOf = async (query: string) => {
    const answer = await call('GET', query);
    expect([query, answer.status]).toEqual([query, 200]);
    return (answer.body.data as { name: string }[]).map((service) => service.name);
  };

  test.each([
    ['', ['Alpha', 'bravo', 'charlie']],
    ['?q=SEARCH', ['bravo']],
    ['?q=100%25', ['charlie']],
    ['?ownerRef=group:default/TEAM-B', ['Alpha']],
    ['?ownerRef=team-a', ['bravo', 'charlie']],
    ['?type=website', ['bravo']],
    ['?lifecycle=Experimental', ['Alpha']],
    ['?system=find', ['bravo']],
    ['?tag=go', ['Alpha', 'bravo']],
    ['?tag=go&lifecycle=production', ['bravo']],
    [`?ownerTeamId=${teamId}`, []],
    ['?page=2&limit=2', ['charlie']],
    ['?page=9&limit=2', []],
  ])('%s', async (query, names) => {
    expect(await namesOf(query)).toEqual(names);
  });

  test('pages by number and by cursor show the same', async () => {
    const first = await call('GET', '?limit=2&tag=go');
    expect(first.body.meta).toMatchObject({ page: 1, limit: 2, total: 2 });
    const page = await call('GET', '?limit=2');
    expect(page.body.meta).toMatchObject({ page: 1, limit: 2, total: 3, nextCursor: expect.any(String) });
    const { nextCursor } = page.body.meta;
    expect(await namesOf(`?limit=2&cursor=${nextCursor}`)).toEqual(await namesOf('?limit=2&page=2'));
    const wrong = [`?tag=go&cursor=${nextCursor}`, `?cursor=${nextCursor}x`, '?cursor=abc'];
    for (const query of wrong) expect((await call('GET', query)).body.error.code).toBe('INVALID_CURSOR');
    const colleague = await call('GET', `?limit=2&cursor=${nextCursor}`, { token: tenant.viewer.token });
    expect(colleague.body.error.code).toBe('INVALID_CURSOR');
  });

  test.each([
    '?limit=0',
    '?limit=101',
    '?page=0',
    '?page=500&limit=100',
    '?ownerRef=:',
    '?ownerTeamId=x',
    '?surprise=1',
    '?tag=a&tag=b',
  ])('%s is 400', async (query) => {
    expect((await call('GET', query)).status).toBe(400);
  });

  test('native entities: page, total and facets of one snapshot', async () => {
    const path =
      '/api/v1/catalog/entities?filter=kind=component&facets=metadata.tags&facets=kind&orderBy=metadata.title,asc&limit=2&fields=metadata.name';
    const first = await catalog.request('GET', path, { token: tenant.viewer.token });
    expect(first.body.data).toEqual([{ metadata: { name: 'bravo' } }, { metadata: { name: 'Alpha' } }]);
    expect(first.body.meta).toMatchObject({
      limit: 2,
      total: 3,
      facets: {
        'metadata.tags': [
          { value: 'go', count: 2 },
          { value: 'java', count: 1 },
        ],
        kind: [{ value: 'Component', count: 3 }],
      },
    });
    const second = await catalog.request('GET', `${path}&cursor=${first.body.meta.nextCursor}`, {
      token: tenant.viewer.token,
    });
    expect(second.body.data).toEqual([{ metadata: { name: 'charlie' } }]);
    expect(second.body.meta.nextCursor).toBeUndefined();
    const one = await catalog.request('GET', '/api/v1/catalog/entities/Component/default/ALPHA', {
      token: tenant.viewer.token,
    });
    expect([one.status, one.body.data.metadata.name, one.headers.get('etag')]).toEqual([200, 'Alpha', '"1"']);
    const none = await catalog.request('GET', '/api/v1/catalog/entities/component/default/none', {
      token: tenant.viewer.token,
    });
    expect([none.status, none.body.error.code]).toEqual([404, 'NOT_FOUND']);
    const wrong = await catalog.request('GET', '/api/v1/catalog/entities?orderBy=kind,up', {
      token: tenant.viewer.token,
    });
    expect(wrong.status).toBe(400);
  });
});
