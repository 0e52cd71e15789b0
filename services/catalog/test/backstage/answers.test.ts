import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCatalog, type RunningCatalog, type TestTenant } from '../support/running-catalog.ts';
import { component, seedEntities } from '../support/seed-entities.ts';

let catalog: RunningCatalog;
let tenant: TestTenant;
let uid: string;

beforeAll(async () => {
  catalog = await startCatalog();
  tenant = await catalog.tenant();
  const [first] = await seedEntities(catalog.context, tenant.id, [
    component('pay', { metadata: { labels: { 'example.com/Tier': 'Gold' } } }),
  ]);
  uid = first?.uid ?? '';
}, 60_000);
afterAll(() => catalog[Symbol.asyncDispose]());

const call = (
  method: string,
  path: string,
  options: { body?: unknown; token?: string; headers?: Record<string, string> } = {},
) => catalog.request(method, `/api/catalog${path}`, { token: tenant.admin.token, ...options });

const error = (status: number, name: string, message: unknown, request: { method: string; url: string }) => ({
  error: { name, message },
  request,
  response: { statusCode: status },
});

describe('single entities', () => {
  test('are found by uid and by name in any case', async () => {
    const byName = await call('GET', '/entities/by-name/COMPONENT/Default/PAY');
    expect(byName.status).toBe(200);
    expect(byName.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(byName.body).toMatchObject({
      kind: 'Component',
      metadata: { name: 'pay', namespace: 'default', uid },
      relations: [{ type: 'ownedBy', targetRef: 'group:default/team-a' }],
    });
    expect((await call('GET', `/entities/by-uid/${uid.toUpperCase()}`)).body).toEqual(byName.body);
  });

  test.each([
    [
      '/entities/by-name/component/default/none',
      "No entity named 'none' found, with kind 'component' in namespace 'default'",
    ],
    [
      '/entities/by-uid/0190a000-0000-7000-8000-000000000000',
      'No entity with uid 0190a000-0000-7000-8000-000000000000',
    ],
    ['/entities/by-uid/nonsense', 'No entity with uid nonsense'],
    ['/entities/by-name/component/default/none/ancestry', 'No such entity component:default/none'],
    [
      '/locations/0190a000-0000-7000-8000-000000000000',
      'Found no location with ID 0190a000-0000-7000-8000-000000000000',
    ],
    ['/locations/nonsense', 'Found no location with ID nonsense'],
    ['/locations/by-entity/component/default/pay', 'found no location for entity ref component:default/pay'],
  ])('%s is 404 with the message of Backstage', async (path, message) => {
    const answer = await call('GET', path);
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual(error(404, 'NotFoundError', message, { method: 'GET', url: path }));
  });

  test('a name of 10 KB or with an encoded slash is never another entity', async () => {
    expect(
      (await call('GET', `/entities/by-name/component/default/${'x'.repeat(5000)}`)).status,
    ).toBeGreaterThanOrEqual(400);
    expect((await call('GET', '/entities/by-name/component/default/..%2fpay')).status).toBe(404);
  });
});

describe('conditional requests', () => {
  test('a weak ETag answers 304 until the entity or a relation to it changes', async () => {
    const path = '/entities/by-name/component/default/pay';
    const first = await call('GET', path);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const known of [etag, etag.slice(2), `"x", ${etag}`, '*']) {
      const again = await call('GET', path, { headers: { 'if-none-match': known } });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    await seedEntities(catalog.context, tenant.id, [component('caller', { spec: { dependsOn: ['component:pay'] } })]);
    const changed = await call('GET', path, { headers: { 'if-none-match': etag } });
    expect(changed.status).toBe(200);
    expect(changed.body.relations).toContainEqual({ type: 'dependencyOf', targetRef: 'component:default/caller' });
  });

  test.each(['/entities', '/entities/by-query', '/entity-facets?facet=kind', '/locations'])(
    '%s carries one too',
    async (path) => {
      const etag = (await call('GET', path)).headers.get('etag') ?? '';
      expect((await call('GET', path, { headers: { 'if-none-match': etag } })).status).toBe(304);
    },
  );
});

describe('bad input is 400 InputError', () => {
  test.each([
    '/entities?limit=0',
    '/entities?limit=-1',
    '/entities?limit=x',
    '/entities?offset=-1',
    '/entities?after=',
    '/entities?after=abc',
    '/entities?filter==x',
    '/entities?order=up:kind',
    '/entities?order=kind',
    '/entities?fields=metadata.tags[0]',
    '/entities?unknown=1',
    '/entities?filter=%zz',
    '/entities/by-query?limit=-1',
    '/entities/by-query?limit=1.5',
    '/entities/by-query?offset=-1',
    '/entities/by-query?orderField=kind,up',
    '/entities/by-query?cursor=abc',
    '/entities/by-query?totalItems=maybe',
    '/entities/by-query?limit=1&limit=2',
    '/entity-facets',
    '/entity-facets?facet=',
    `/entities?filter=${Array.from({ length: 501 }, (_, index) => `a${index}`).join(',')}`,
  ])('GET %s', async (path) => {
    const answer = await call('GET', path);
    expect([path, answer.status]).toEqual([path, 400]);
    expect(answer.body).toMatchObject({
      error: { name: 'InputError' },
      request: { method: 'GET', url: path },
      response: { statusCode: 400 },
    });
  });

  test.each([
    ['/entities/by-query', { cursor: '' }],
    ['/entities/by-query', { orderBy: [{ field: 'kind', order: 'up' }] }],
    ['/entities/by-query', { query: 'component' }],
    ['/entities/by-query', { query: { $or: [] } }],
    ['/entities/by-query', { limit: '1' }],
    ['/entities/by-query', { surprise: true }],
    ['/entities/by-query', []],
    ['/entities/by-query', '{"limit":'],
    ['/entities/by-refs', {}],
    ['/entities/by-refs', { entityRefs: [1] }],
    ['/entities/by-refs', { entityRefs: [], query: 1 }],
    ['/entity-facets', { facets: [] }],
    ['/entity-facets', { facets: ['kind'], query: { kind: null } }],
    ['/locations/by-query', { limit: 0 }],
    ['/locations/by-query', { cursor: '' }],
    ['/locations/by-query', { cursor: 'abc' }],
    ['/locations', { type: 'url' }],
    ['/locations', { type: 'file', target: '/etc/passwd' }],
    ['/locations', { type: 'url', target: 'not a url' }],
    ['/locations', { type: 'url', target: 'https://example.com/a.yaml', extra: 1 }],
    ['/locations?dryRun=perhaps', { type: 'url', target: 'https://example.com/a.yaml' }],
    ['/locations?onConflict=ignore', { type: 'url', target: 'https://example.com/a.yaml' }],
    ['/refresh', { entityRef: 'component:default/pay', extra: 1 }],
    ['/refresh', {}],
  ])('POST %s %j', async (path, body) => {
    const answer = await call('POST', path, { body });
    expect([path, body, answer.status]).toEqual([path, body, 400]);
    expect(answer.body).toMatchObject({ error: { name: 'InputError' }, response: { statusCode: 400 } });
  });

  test('a faulty document to validate-entity is answered in its own form', async () => {
    for (const body of [
      {},
      [],
      { entity: {}, location: 'nowhere' },
      { entity: 1, location: 'url:https://x' },
      { entity: {}, location: 'url:https://x', more: 1 },
    ]) {
      const answer = await call('POST', '/validate-entity', { body });
      expect([body, answer.status]).toEqual([body, 400]);
      expect(answer.body).toEqual({ errors: [{ name: 'InputError', message: expect.any(String) }] });
    }
    const good = await call('POST', '/validate-entity', {
      body: { entity: component('fine'), location: 'url:https://example.com/x' },
    });
    expect([good.status, good.text]).toEqual([200, '']);
  });

  test('other statuses have their names', async () => {
    const refused = await call('POST', '/locations', {
      body: { type: 'url', target: 'http://169.254.169.254/latest' },
    });
    expect(refused.status).toBe(422);
    expect(refused.body.error.name).toBe('UnprocessableEntityError');
    const form = await call('POST', '/refresh', { body: 'a=b', headers: { 'content-type': 'text/plain' } });
    expect([form.status, form.body.error.name]).toEqual([415, 'UnsupportedMediaTypeError']);
    const large = await call('POST', '/entities/by-refs', { body: { entityRefs: ['x'.repeat(1_100_000)] } });
    expect([large.status, large.body.error.name]).toEqual([413, 'PayloadTooLargeError']);
    expect((await call('POST', '/refresh', { body: { entityRef: 'component:default/none' } })).status).toBe(404);
    const refreshed = await call('POST', '/refresh', { body: { entityRef: 'Component:default/PAY' } });
    expect([refreshed.status, refreshed.text]).toEqual([200, '']);
  });
});

describe('traps of the framework', () => {
  test('JSON content type without a body passes on GET and DELETE', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await call('GET', '/entities', { headers })).status).toBe(200);
    const removed = await call('DELETE', '/entities/by-uid/0190a000-0000-7000-8000-000000000000', { headers });
    expect([removed.status, removed.text]).toEqual([204, '']);
  });

  test('one filter and several are both understood', async () => {
    expect((await call('GET', '/entities?filter=kind=component,metadata.name=pay')).body).toHaveLength(1);
    expect((await call('GET', '/entities?filter=metadata.name=pay&filter=metadata.name=none')).body).toHaveLength(1);
  });

  test('keys of documents match in any case', async () => {
    for (const key of ['metadata.labels.Example.com/Tier', 'METADATA.labels.example.com/tier']) {
      expect((await call('GET', `/entities?filter=${key}=gOLD`)).body).toHaveLength(1);
    }
  });

  test('unknown routes are an empty 404', async () => {
    const answer = await call('GET', '/nothing/here');
    expect([answer.status, answer.text]).toEqual([404, '']);
  });
});
