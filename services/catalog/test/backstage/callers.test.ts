import { get } from 'node:http';
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

describe('callers', () => {
  const reads = [
    '/entities',
    '/entities/by-query',
    '/entity-facets?facet=kind',
    '/entities/by-name/component/default/pay',
    '/locations',
  ];

  test.each(reads)('%s without or with a broken token is 401', async (path) => {
    for (const headers of [{}, { authorization: 'Bearer abc' }, { authorization: `Bearer ${tenant.viewer.token}x` }]) {
      const answer = await catalog.request('GET', `/api/catalog${path}`, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.body).toMatchObject({
        error: { name: 'AuthenticationError' },
        request: { method: 'GET', url: path },
        response: { statusCode: 401 },
      });
    }
  });

  test('who may read nothing gets empty lists and 404', async () => {
    const token = await catalog.scopedToken(tenant.id, 'viewer', 'auth:*');
    const as = { token };
    expect((await call('GET', '/entities', as)).body).toEqual([]);
    expect((await call('GET', '/entities/by-query', as)).body).toEqual({ items: [], totalItems: 0, pageInfo: {} });
    expect((await call('GET', '/entity-facets?facet=kind', as)).body).toEqual({ facets: { kind: [] } });
    expect((await call('GET', '/locations', as)).body).toEqual([]);
    expect(
      (await call('POST', '/entities/by-refs', { ...as, body: { entityRefs: ['component:default/pay'] } })).body,
    ).toEqual({ items: [null] });
    expect((await call('GET', '/entities/by-name/component/default/pay', as)).status).toBe(404);
    expect((await call('GET', `/entities/by-uid/${uid}`, as)).status).toBe(404);
    expect((await call('GET', '/entities/by-name/component/default/pay/ancestry', as)).status).toBe(403);
  });

  test('a viewer changes nothing: 403 NotAllowedError', async () => {
    const as = { token: tenant.viewer.token };
    const answers = await Promise.all([
      call('POST', '/refresh', { ...as, body: { entityRef: 'component:default/pay' } }),
      call('DELETE', `/entities/by-uid/${uid}`, as),
      call('POST', '/locations', { ...as, body: { type: 'url', target: 'https://example.com/a.yaml' } }),
      call('PUT', '/locations/0190a000-0000-7000-8000-000000000000', {
        ...as,
        body: { type: 'url', target: 'https://example.com/a.yaml' },
      }),
      call('DELETE', '/locations/0190a000-0000-7000-8000-000000000000', as),
    ]);
    for (const answer of answers) expect([answer.status, answer.body.error.name]).toEqual([403, 'NotAllowedError']);
    expect((await call('GET', `/entities/by-uid/${uid}`)).status).toBe(200);
  });

  test('another tenant sees and changes none of it', async () => {
    const other = await catalog.tenant();
    const as = { token: other.owner.token };
    expect((await call('GET', '/entities', as)).body).toEqual([]);
    expect((await call('GET', '/entity-facets?facet=kind', as)).body).toEqual({ facets: { kind: [] } });
    expect((await call('GET', `/entities/by-uid/${uid}`, as)).status).toBe(404);
    expect((await call('GET', '/entities/by-name/component/default/pay', as)).status).toBe(404);
    expect(
      (await call('POST', '/entities/by-refs', { ...as, body: { entityRefs: ['component:default/pay'] } })).body,
    ).toEqual({ items: [null] });
    expect((await call('DELETE', `/entities/by-uid/${uid}`, as)).status).toBe(204);
    expect((await call('POST', '/refresh', { ...as, body: { entityRef: 'component:default/pay' } })).status).toBe(404);
    expect((await call('GET', `/entities/by-uid/${uid}`)).status).toBe(200);
  });
});

describe('large results', () => {
  // More than fits in one body.
  const count = 620;
  let large: TestTenant;

  beforeAll(async () => {
    large = await catalog.tenant();
    await seedEntities(
      catalog.context,
      large.id,
      Array.from({ length: count }, (_, index) => component(`c${String(index).padStart(5, '0')}`)),
    );
  }, 120_000);

  test('the whole is streamed in the order of refs', async () => {
    const answer = await call('GET', '/entities?fields=metadata.name', { token: large.viewer.token });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBeNull();
    const names = (answer.body as { metadata: { name: string } }[]).map((item) => item.metadata.name);
    expect(names).toEqual(Array.from({ length: count }, (_, index) => `c${String(index).padStart(5, '0')}`));
  });

  test('a client that leaves ends the work and costs nobody the connection', async () => {
    await new Promise<void>((resolve, reject) => {
      const request = get(
        `${catalog.url}/api/catalog/entities`,
        { headers: { authorization: `Bearer ${large.viewer.token}` } },
        (response) => {
          response.once('data', () => response.destroy());
          response.once('close', resolve);
        },
      );
      request.once('error', reject);
    });
    expect((await call('GET', '/entities?limit=1', { token: large.viewer.token })).body).toHaveLength(1);
  });

  test('limit 0 only counts, a missing limit is 200', async () => {
    const counted = await call('GET', '/entities/by-query?limit=0', { token: large.viewer.token });
    expect(counted.body).toEqual({ items: [], totalItems: count, pageInfo: {} });
    const page = await call('GET', '/entities/by-query', { token: large.viewer.token });
    expect(page.body.items).toHaveLength(200);
    const uncounted = await call('POST', '/entities/by-query', {
      token: large.viewer.token,
      body: { totalItems: 'exclude', limit: 5 },
    });
    expect(uncounted.body.totalItems).toBe(0);
    const next = await call('POST', '/entities/by-query', {
      token: large.viewer.token,
      body: { cursor: uncounted.body.pageInfo.nextCursor },
    });
    expect(next.body.totalItems).toBe(0);
  });

  test('offset skips, and is left out of the link to the next page', async () => {
    const answer = await call('GET', '/entities?limit=2&offset=3&fields=metadata.name', { token: large.viewer.token });
    expect((answer.body as { metadata: { name: string } }[]).map((item) => item.metadata.name)).toEqual([
      'c00003',
      'c00004',
    ]);
    const link = answer.headers.get('link') ?? '';
    expect(link).toMatch(/^<\/entities\?limit=2&fields=metadata\.name&after=[^&>]+>; rel="next"$/);
  });
});
