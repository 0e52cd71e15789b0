import { newId } from '@idp/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCatalog, type RunningCatalog, type TestTenant } from './support/running-catalog.ts';
import { component, seedEntities } from './support/seed-entities.ts';

let catalog: RunningCatalog;
let tenant: TestTenant;
let teams: Record<'payments' | 'cards' | 'search', string>;
/** Holds a role in the team payments, and so in cards below it. */
let viewer: string;
let member: string;

beforeAll(async () => {
  catalog = await startCatalog();
}, 60_000);
afterAll(() => catalog[Symbol.asyncDispose]());
beforeEach(async () => {
  tenant = await catalog.tenant();
  const organizationId = newId();
  teams = { payments: newId(), cards: newId(), search: newId() };
  catalog.place(tenant.id, {
    organizations: [{ id: organizationId }],
    teams: [
      { id: teams.payments, organizationId },
      { id: teams.cards, organizationId, parentTeamId: teams.payments },
      { id: teams.search, organizationId },
    ],
  });
  await seedEntities(catalog.context, tenant.id, [
    ...Object.entries(teams).map(([name, id]) => group(name, id)),
    component('pay-api', { spec: { owner: 'payments' } }),
    component('card-api', { spec: { owner: 'cards', lifecycle: 'deprecated' } }),
    component('search-api', { spec: { owner: 'search', type: 'website' } }),
    component('nobodys', { spec: { owner: 'unknown' } }),
  ]);
  const part = { scopeType: 'team', scopeId: teams.payments } as const;
  viewer = (await catalog.personIn(tenant.id, 'viewer', part)).token;
  member = (await catalog.personIn(tenant.id, 'member', part)).token;
});

function group(name: string, teamId: string): object {
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Group',
    metadata: { name, annotations: { 'idp/team-id': teamId.toUpperCase() } },
    spec: { type: 'team', children: [] },
  };
}

const get = (path: string, token: string) => catalog.request('GET', path, { token });
const entityOf = (name: string, token: string) => get(`/api/v1/catalog/entities/component/default/${name}`, token);
async function servicesOf(token: string): Promise<string[]> {
  const answer = await get('/api/v1/services', token);
  expect([answer.status, answer.body.meta.total]).toEqual([200, answer.body.data.length]);
  return answer.body.data.map(({ name }: { name: string }) => name);
}

async function idOf(name: string): Promise<string> {
  return (await entityOf(name, tenant.owner.token)).body.data.metadata.uid;
}

describe('who holds a role in a team alone', () => {
  test('sees in lists what the team and those below it own, and counts nothing else', async () => {
    expect(await servicesOf(tenant.viewer.token)).toEqual(['card-api', 'nobodys', 'pay-api', 'search-api']);
    expect(await servicesOf(viewer)).toEqual(['card-api', 'pay-api']);
    const list = (await get('/api/v1/catalog/entities?facets=spec.type&limit=1', viewer)).body;
    expect(list.meta).toMatchObject({ total: 2, facets: { 'spec.type': [{ value: 'service', count: 2 }] } });
    const page = (await get('/api/catalog/entities/by-query?limit=1', viewer)).body;
    expect([page.items.length, page.totalItems]).toEqual([1, 2]);
    const next = await get(`/api/catalog/entities/by-query?cursor=${page.pageInfo.nextCursor}`, viewer);
    expect(next.body.items).toHaveLength(1);
    expect((await get('/api/catalog/entities', viewer)).body).toHaveLength(2);
  });

  test('counts by facets of its own, whoever asked before', async () => {
    const counted = async (token: string) =>
      (await get('/api/catalog/entity-facets?facet=spec.type', token)).body.facets['spec.type'];
    expect(await counted(tenant.viewer.token)).toContainEqual({ value: 'website', count: 1 });
    expect(await counted(viewer)).toEqual([{ value: 'service', count: 2 }]);
  });

  test('finds nothing else by ref, uid or refs', async () => {
    expect((await entityOf('pay-api', viewer)).status).toBe(200);
    expect((await entityOf('search-api', viewer)).status).toBe(404);
    const [mine, other] = [await idOf('card-api'), await idOf('search-api')];
    expect((await get(`/api/v1/services/${mine}`, viewer)).status).toBe(200);
    expect((await get(`/api/v1/services/${other}`, viewer)).status).toBe(404);
    expect((await get(`/api/catalog/entities/by-uid/${other}`, viewer)).status).toBe(404);
    const entityRefs = ['component:default/search-api', 'component:default/pay-api'];
    const found = await catalog.request('POST', '/api/catalog/entities/by-refs', {
      token: viewer,
      body: { entityRefs },
    });
    expect(found.body.items.map((item: object | null) => item !== null)).toEqual([false, true]);
  });

  test('changes what its role says there: else 403 for what it sees, 404 for what it does not', async () => {
    const [mine, other] = [await idOf('card-api'), await idOf('search-api')];
    const patch = async (id: string, token: string) =>
      (await catalog.request('PATCH', `/api/v1/services/${id}`, { token, body: { description: 'new' } })).status;
    expect([await patch(mine, member), await patch(other, member)]).toEqual([200, 404]);
    expect([await patch(mine, viewer), await patch(other, viewer)]).toEqual([403, 403]);
    const refresh = async (name: string) =>
      (
        await catalog.request('POST', '/api/catalog/refresh', {
          token: member,
          body: { entityRef: `component:default/${name}` },
        })
      ).status;
    expect([await refresh('pay-api'), await refresh('search-api')]).toEqual([200, 404]);
    const remove = (id: string, token: string) =>
      catalog.request('DELETE', `/api/catalog/entities/by-uid/${id}`, { token });
    const part = { scopeType: 'team', scopeId: teams.payments } as const;
    const admin = (await catalog.personIn(tenant.id, 'tenant-admin', part)).token;
    expect((await remove(mine, member)).status).toBe(403);
    expect([(await remove(mine, admin)).status, (await remove(other, admin)).status]).toEqual([204, 204]);
    expect(await servicesOf(tenant.viewer.token)).toEqual(['nobodys', 'pay-api', 'search-api']);
  });

  test('registers services for the team and those below it, and gives none away', async () => {
    const register = (name: string, owner: object, token = member) =>
      catalog.request('POST', '/api/v1/services', { token, body: { name, ...owner } });
    const statusOf = async (name: string, owner: object, token?: string) => (await register(name, owner, token)).status;
    expect(await statusOf('one', { ownerRef: 'cards' })).toBe(201);
    expect(await statusOf('two', { ownerTeamId: teams.payments })).toBe(201);
    expect(await statusOf('three', { ownerRef: 'group:default/search' })).toBe(403);
    expect(await statusOf('four', { ownerRef: 'unknown' })).toBe(403);
    expect(await statusOf('search-api', { ownerRef: 'search' })).toBe(403);
    expect(await statusOf('five', { ownerRef: 'payments' }, viewer)).toBe(403);
    expect(await statusOf('six', { ownerRef: 'search' }, tenant.member.token)).toBe(201);

    const path = `/api/v1/services/${await idOf('one')}`;
    const give = async (body: object, token = member) => (await catalog.request('PATCH', path, { token, body })).status;
    expect(await give({ ownerTeamId: teams.payments })).toBe(200);
    expect([await give({ ownerTeamId: teams.search }), await give({ ownerRef: 'unknown' })]).toEqual([403, 403]);
    expect((await entityOf('one', member)).body.data.spec.owner).toBe('group:default/payments');
    expect(await give({ ownerTeamId: teams.search }, tenant.member.token)).toBe(200);
    expect((await entityOf('one', member)).status).toBe(404);
  });

  test('sees what its group comes to own, and no more what it gives away', async () => {
    await seedEntities(catalog.context, tenant.id, [
      group('search', teams.cards),
      component('pay-api', { spec: { owner: 'unknown' } }),
    ]);
    expect(await servicesOf(viewer)).toEqual(['card-api', 'search-api']);
  });
});

test('a policy that hides entities by what they say hides them in lists, counts and by ref', async () => {
  catalog.place(tenant.id, {
    policies: [
      {
        id: newId(),
        name: 'no deprecated ones',
        effect: 'deny',
        permissions: ['catalog:entity:read'],
        subjects: 'all',
        scopeType: 'tenant',
        scopeId: tenant.id,
        condition: 'resource.kind == "component" && resource.lifecycle == "deprecated"',
      },
    ],
  });
  expect(await servicesOf(tenant.owner.token)).toEqual(['nobodys', 'pay-api', 'search-api']);
  expect((await entityOf('card-api', tenant.owner.token)).status).toBe(404);
  expect((await entityOf('pay-api', tenant.owner.token)).status).toBe(200);
});
