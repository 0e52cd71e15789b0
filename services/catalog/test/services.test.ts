import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCatalog, type RequestOptions, type RunningCatalog, type TestTenant } from './support/running-catalog.ts';
import { seedEntities } from './support/seed-entities.ts';

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
const register = (body: object, options: RequestOptions = {}) => call('POST', '', { body, ...options });

const unknownId = '0190a000-0000-7000-8000-000000000000';
const teamId = '0190a000-0000-7000-8000-00000000beef';

describe('registering', () => {
  test('makes a Component that looks like one from a file', async () => {
    const answer = await register({
      name: 'pay-api',
      ownerRef: 'team-a',
      description: 'Takes payments',
      repositoryUrl: 'https://github.com/acme/pay',
      type: 'service',
      lifecycle: 'production',
      system: 'payments',
      tags: ['java'],
    });
    expect(answer.status).toBe(201);
    const { id } = answer.body.data;
    expect(answer.headers.get('location')).toBe(`/api/v1/services/${id}`);
    expect(answer.headers.get('etag')).toBe('"1"');
    expect(answer.body.data).toEqual({
      id,
      entityRef: 'component:default/pay-api',
      name: 'pay-api',
      namespace: 'default',
      title: null,
      description: 'Takes payments',
      repositoryUrl: 'https://github.com/acme/pay',
      ownerRef: 'group:default/team-a',
      ownerTeamId: null,
      type: 'service',
      lifecycle: 'production',
      system: 'system:default/payments',
      tags: ['java'],
      links: [],
      documentation: { techdocs: null, apis: [] },
      latestVersion: null,
      health: 'unknown',
      environments: [],
      managedBy: 'api',
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
    expect(answer.body.meta).toEqual({ requestId: expect.stringMatching(/.+/), traceId: expect.stringMatching(/.+/) });

    const entity = await catalog.request('GET', '/api/catalog/entities/by-name/component/default/pay-api', {
      token: tenant.viewer.token,
    });
    expect(entity.body).toMatchObject({ metadata: { uid: id }, spec: { owner: 'team-a', system: 'payments' } });
    expect((await call('GET', `/${id}`)).body.data).toEqual(answer.body.data);
  });

  test('takes the owner by team, through the group that stands for it', async () => {
    expect((await register({ name: 'orphan', ownerTeamId: teamId })).status).toBe(422);
    await seedEntities(catalog.context, tenant.id, [
      {
        apiVersion: 'backstage.io/v1alpha1',
        kind: 'Group',
        metadata: { name: 'team-b', annotations: { 'idp/team-id': teamId } },
        spec: { type: 'team', children: [] },
      },
    ]);
    const answer = await register({ name: 'owned', ownerTeamId: teamId });
    expect(answer.status).toBe(201);
    expect(answer.body.data).toMatchObject({ ownerRef: 'group:default/team-b', ownerTeamId: teamId });
    const listed = await call('GET', `?ownerTeamId=${teamId}`);
    expect(listed.body.data.map((service: { name: string }) => service.name)).toEqual(['owned']);
  });

  test('a taken name is 409 SERVICE_EXISTS, in another namespace it is free', async () => {
    const first = await register({ name: 'twice', ownerRef: 'a' });
    const second = await register({ name: 'Twice', ownerRef: 'b' });
    expect([second.status, second.body.error.code]).toEqual([409, 'SERVICE_EXISTS']);
    expect(second.body.error.details).toEqual({ id: first.body.data.id });
    expect((await register({ name: 'twice', namespace: 'other', ownerRef: 'b' })).status).toBe(201);
  });

  test('an Idempotency-Key gives the first answer again', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await register({ name: 'once', ownerRef: 'a' }, { headers });
    const again = await register({ name: 'once', ownerRef: 'a' }, { headers });
    expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([201, first.text, 'true']);
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    const other = await register({ name: 'else', ownerRef: 'a' }, { headers });
    expect([other.status, other.body.error.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect((await call('GET', '')).body.meta.total).toBe(1);
  });

  test.each([
    ['no owner', { name: 'x' }],
    ['two owners', { name: 'x', ownerRef: 'a', ownerTeamId: teamId }],
    ['no name', { ownerRef: 'a' }],
    ['a name the model refuses', { name: 'not a name', ownerRef: 'a' }],
    ['a repository that is no URL', { name: 'x', ownerRef: 'a', repositoryUrl: 'javascript:alert(1)' }],
    ['a tag the model refuses', { name: 'x', ownerRef: 'a', tags: ['Not A Tag'] }],
    ['a member of the server', { name: 'x', ownerRef: 'a', id: unknownId }],
    ['a number for a text', { name: 'x', ownerRef: 'a', description: 1 }],
    ['a broken body', '{"name":'],
  ])('%s is 400', async (_, body) => {
    const answer = await register(body as object);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect((await call('GET', '')).body.meta.total).toBe(0);
  });
});

describe('changing', () => {
  const given = { description: 'old', repositoryUrl: 'https://example.com/r', system: 'pay', tags: ['java'] };

  test('PUT replaces, PATCH changes, both raise the ETag', async () => {
    const { id } = (await register({ name: 'changing', ownerRef: 'a', ...given })).body.data;
    const patched = await call('PATCH', `/${id}`, { body: { description: 'new', system: null } });
    expect(patched.body.data).toMatchObject({
      description: 'new',
      system: null,
      tags: ['java'],
      ownerRef: 'group:default/a',
    });
    expect(patched.headers.get('etag')).toBe('"2"');
    const put = await call('PUT', `/${id}`, { body: { ownerRef: 'user:default/sam', lifecycle: 'deprecated' } });
    expect(put.status).toBe(200);
    expect(put.headers.get('etag')).toBe('"3"');
    expect(put.body.data).toMatchObject({
      name: 'changing',
      ownerRef: 'user:default/sam',
      lifecycle: 'deprecated',
      type: 'service',
      description: null,
      repositoryUrl: null,
      system: null,
      tags: [],
    });
    const same = await call('PUT', `/${id}`, { body: { ownerRef: 'user:default/sam', lifecycle: 'deprecated' } });
    expect(same.headers.get('etag')).toBe('"3"');
  });

  test('If-Match of an older revision is 412 and changes nothing', async () => {
    const { id } = (await register({ name: 'guarded', ownerRef: 'a' })).body.data;
    const change = (match: string) =>
      call('PATCH', `/${id}`, { body: { description: match }, headers: { 'if-match': match } });
    expect((await change('"7"')).body.error.code).toBe('PRECONDITION_FAILED');
    expect((await call('GET', `/${id}`)).body.data.description).toBeNull();
    expect((await change('"1"')).status).toBe(200);
    expect((await change('*')).status).toBe(200);
    expect((await change('"1"')).status).toBe(412);
    expect((await change('nonsense')).status).toBe(400);
  });

  test.each([
    ['PUT', {}],
    ['PUT', { ownerRef: 'a', name: 'renamed' }],
    ['PATCH', { ownerRef: 'a', ownerTeamId: teamId }],
    ['PATCH', { lifecycle: null }],
    ['PATCH', { surprise: 1 }],
  ])('%s %j is 400', async (method, body) => {
    const { id } = (await register({ name: 'strict', ownerRef: 'a' })).body.data;
    expect((await call(method, `/${id}`, { body })).status).toBe(400);
  });

  test('If-None-Match answers 304', async () => {
    const { id } = (await register({ name: 'cached', ownerRef: 'a' })).body.data;
    const answer = await call('GET', `/${id}`, { headers: { 'if-none-match': '"1"' } });
    expect([answer.status, answer.text]).toEqual([304, '']);
  });
});

describe('callers', () => {
  test('without a token is 401 everywhere', async () => {
    const calls = [
      ['GET', ''],
      ['POST', ''],
      ['GET', `/${unknownId}`],
      ['PUT', `/${unknownId}`],
      ['PATCH', `/${unknownId}`],
    ] as const;
    for (const [method, path] of calls) {
      const answer = await catalog.request(method, `/api/v1/services${path}`, {
        body: method === 'GET' ? undefined : {},
      });
      expect([method, answer.status, answer.body.error.code]).toEqual([method, 401, 'AUTH_REQUIRED']);
    }
  });

  test('a viewer reads and may not write', async () => {
    const { id } = (await register({ name: 'seen', ownerRef: 'a' })).body.data;
    const token = tenant.viewer.token;
    expect((await call('GET', `/${id}`, { token })).status).toBe(200);
    for (const answer of [
      await register({ name: 'mine', ownerRef: 'a' }, { token }),
      await call('PUT', `/${id}`, { token, body: { ownerRef: 'b' } }),
      await call('PATCH', `/${id}`, { token, body: { description: 'x' } }),
    ]) {
      expect([answer.status, answer.body.error.code]).toEqual([403, 'PERMISSION_DENIED']);
    }
  });

  test('an id of another tenant, of no service, or of another kind is the same 404', async () => {
    const other = await catalog.tenant();
    const { id } = (await register({ name: 'theirs', ownerRef: 'a' })).body.data;
    const [group] = await seedEntities(catalog.context, other.id, [
      {
        apiVersion: 'backstage.io/v1alpha1',
        kind: 'Group',
        metadata: { name: 'g' },
        spec: { type: 'team', children: [] },
      },
    ]);
    const token = other.owner.token;
    for (const serviceId of [id, unknownId, group?.uid]) {
      const get = await call('GET', `/${serviceId}`, { token });
      expect([get.status, get.body.error.code]).toEqual([404, 'NOT_FOUND']);
      expect((await call('PUT', `/${serviceId}`, { token, body: { ownerRef: 'b' } })).status).toBe(404);
      expect((await call('PATCH', `/${serviceId}`, { token, body: { description: 'b' } })).status).toBe(404);
    }
    expect((await call('GET', '', { token })).body).toMatchObject({ data: [], meta: { total: 0 } });
    expect((await call('GET', `/${id}`)).body.data.ownerRef).toBe('group:default/a');
  });
});
