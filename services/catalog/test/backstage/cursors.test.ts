import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCatalog, type RunningCatalog, type TestTenant } from '../support/running-catalog.ts';
import { component, seedEntities } from '../support/seed-entities.ts';

let catalog: RunningCatalog;
let tenant: TestTenant;
const titled = (index: number, title: string) => component(`c${index}`, { metadata: { title } });

beforeAll(async () => {
  catalog = await startCatalog();
}, 60_000);
beforeEach(async () => {
  tenant = await catalog.tenant();
  // Many ties on the sort value, in two casings.
  const titles = ['same', 'Same', 'SAME', 'other', 'a', 'zz'];
  await seedEntities(
    catalog.context,
    tenant.id,
    Array.from({ length: 24 }, (_, index) => titled(index, titles[index % titles.length] ?? '')),
  );
});
afterAll(() => catalog[Symbol.asyncDispose]());

const query = (parameters: Record<string, string>, token = tenant.viewer.token) =>
  catalog.request('GET', `/api/catalog/entities/by-query?${new URLSearchParams(parameters)}`, { token });

interface Listed {
  metadata: { name: string };
}
const namesOf = (items: Listed[]): string[] => items.map((item) => item.metadata.name);

async function forward(order: string, limit: string) {
  const pages = [(await query({ orderField: order, limit })).body];
  while (pages.at(-1).pageInfo.nextCursor !== undefined)
    pages.push((await query({ cursor: pages.at(-1).pageInfo.nextCursor, limit })).body);
  return pages;
}

describe('paging', () => {
  test.each(['asc', 'desc'])('%s to the end and back gives the same rows, ties included', async (direction) => {
    const pages = await forward(`metadata.title,${direction}`, '5');
    const names = pages.map((page) => namesOf(page.items));
    expect(new Set(names.flat()).size).toBe(24);
    const back = [names.at(-1)];
    let page = pages.at(-1);
    while (page.pageInfo.prevCursor !== undefined) {
      page = (await query({ cursor: page.pageInfo.prevCursor, limit: '5' })).body;
      expect(page.totalItems).toBe(24);
      expect(page.pageInfo.nextCursor).toBeDefined();
      back.unshift(namesOf(page.items));
    }
    expect(back.flat()).toEqual(names.flat());
    expect(page.items).toEqual(pages[0].items.slice(0, page.items.length));
  });

  test('inserts and deletes in between never show a row twice or lose one that stays', async () => {
    const first = (await query({ orderField: 'metadata.title', limit: '7' })).body;
    await seedEntities(catalog.context, tenant.id, [titled(100, '0 before all'), titled(101, 'zzz after all')]);
    const gone = await catalog.request('GET', '/api/catalog/entities/by-name/component/default/c5', {
      token: tenant.viewer.token,
    });
    const shown = namesOf(first.items);
    await catalog.request('DELETE', `/api/catalog/entities/by-uid/${gone.body.metadata.uid}`, {
      token: tenant.admin.token,
    });
    let page = first;
    while (page.pageInfo.nextCursor !== undefined) {
      page = (await query({ cursor: page.pageInfo.nextCursor, limit: '7' })).body;
      shown.push(...namesOf(page.items));
    }
    expect(new Set(shown).size).toBe(shown.length);
    const staying = Array.from({ length: 24 }, (_, index) => `c${index}`).filter((name) => name !== 'c5');
    expect(shown).toEqual(expect.arrayContaining([...staying, 'c101']));
    expect(shown).not.toContain('c100');
  });

  test('limit and fields come from the request, filter and order from the cursor, through either verb', async () => {
    const first = (await query({ filter: 'metadata.title=same', orderField: 'metadata.name', limit: '2' })).body;
    const { nextCursor } = first.pageInfo;
    // The client takes this member as the sign to go on with POST.
    expect(JSON.parse(atob(nextCursor))).toHaveProperty('query');
    const byGet = await query({ cursor: nextCursor, limit: '3', fields: 'metadata.name', filter: 'kind=none' });
    const byPost = await catalog.request('POST', '/api/catalog/entities/by-query', {
      token: tenant.viewer.token,
      body: { cursor: nextCursor, limit: 3, fields: ['metadata.name'] },
    });
    expect(byGet.body.items).toHaveLength(3);
    expect(byGet.body.items[0]).toEqual({ metadata: { name: expect.any(String) } });
    expect(byPost.body).toEqual(byGet.body);
    expect(byGet.body.totalItems).toBe(12);
  });
});

describe('a cursor', () => {
  let cursor: string;

  beforeEach(async () => {
    cursor = (await query({ orderField: 'metadata.name', limit: '3', filter: 'kind=component' })).body.pageInfo
      .nextCursor;
  });

  test('altered in any bit is 400', async () => {
    expect((await query({ cursor })).status).toBe(200);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: cursor.length - 1 }), fc.integer({ min: 0, max: 6 }), async (at, bit) => {
        const changed =
          cursor.slice(0, at) + String.fromCharCode(cursor.charCodeAt(at) ^ (1 << bit)) + cursor.slice(at + 1);
        const answer = await query({ cursor: changed });
        expect([changed, answer.status]).toEqual([changed, 400]);
      }),
      { numRuns: 60 },
    );
  });

  test('with members changed, added or without its signature is 400', async () => {
    const members = JSON.parse(atob(cursor)) as Record<string, unknown>;
    const { sig: _sig, ...unsigned } = members;
    const forgeries = [
      unsigned,
      { ...members, totalItems: 1 },
      { ...members, more: 1 },
      { ...members, orderFieldValues: ['a', 1] },
    ];
    for (const forgery of forgeries) expect((await query({ cursor: btoa(JSON.stringify(forgery)) })).status).toBe(400);
  });

  test('of another tenant or another list is 400', async () => {
    const other = await catalog.tenant();
    expect((await query({ cursor }, other.owner.token)).status).toBe(400);
    const after = await catalog.request('GET', `/api/catalog/entities?after=${encodeURIComponent(cursor)}`, {
      token: tenant.viewer.token,
    });
    expect(after.status).toBe(400);
  });

  test('used by somebody with other rights shows what they may see, and their total', async () => {
    const token = await catalog.scopedToken(tenant.id, 'viewer', 'auth:*');
    expect((await query({ cursor }, token)).body).toEqual({ items: [], totalItems: 0, pageInfo: {} });
    const colleague = await query({ cursor }, tenant.member.token);
    expect(colleague.body.totalItems).toBe(24);
  });
});

describe('after of /entities', () => {
  test('goes on where the page ended, whatever was written meanwhile, and keeps filter and order', async () => {
    const first = await catalog.request(
      'GET',
      '/api/catalog/entities?limit=5&order=desc:metadata.title&filter=kind=component',
      { token: tenant.viewer.token },
    );
    await seedEntities(catalog.context, tenant.id, [titled(200, 'zzzz first of all')]);
    const shown = namesOf(first.body);
    let link = /^<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1];
    while (link !== undefined) {
      const page = await catalog.request('GET', `/api/catalog${link}`, { token: tenant.viewer.token });
      shown.push(...namesOf(page.body));
      link = /^<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(shown.toSorted()).toEqual(Array.from({ length: 24 }, (_, index) => `c${index}`).toSorted());
  });
});
