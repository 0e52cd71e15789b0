import { expect, test } from 'vitest';
import type { Route } from '../routing/route-schema.ts';
import { operationsOf, type OpenApiDocument } from './document.ts';
import { mergeDocuments } from './merge.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

function document(path: string, schemas: Record<string, unknown>, answer: string): OpenApiDocument {
  const content = { 'application/json': { schema: ref(answer) } };
  return {
    openapi: '3.1.0',
    info: { title: 'one', version: '1' },
    security: [{ bearerAuth: [] }],
    paths: { [path]: { get: { operationId: 'list', responses: { 200: { content } } } } },
    components: { schemas },
  };
}

function merge(documents: Record<string, OpenApiDocument>): OpenApiDocument {
  const findRoute = (path: string) => ({ service: path.split('/')[1]!, rateClass: 'api' }) as Route;
  return mergeDocuments(documents, { version: '1', description: 'd', findRoute });
}

const same = { type: 'object' };

test('schemas of different shape under one name both stay, with those that refer to them; equal ones are shared', () => {
  const merged = merge({
    auth: document('/auth/x', { Page: { items: ref('Item') }, Item: { type: 'string' }, Error: same }, 'Page'),
    'skill-exchange': document(
      '/skill-exchange/x',
      { Page: { items: ref('Item') }, Item: { type: 'number' }, Error: same },
      'Page',
    ),
  });
  expect(merged.components!['schemas']).toEqual({
    AuthItem: { type: 'string' },
    AuthPage: { items: ref('AuthItem') },
    SkillExchangeItem: { type: 'number' },
    SkillExchangePage: { items: ref('SkillExchangeItem') },
    Error: same,
  });
  const refs = [...JSON.stringify(merged).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    (match) => match[1]!,
  );
  for (const name of refs) expect(merged.components!['schemas']).toHaveProperty(name);
});

test('operations carry their service, keep their security and have ids of their own', () => {
  const merged = merge({ auth: document('/auth/x', {}, 'A'), catalog: document('/catalog/x', {}, 'A') });
  expect(operationsOf(merged).map(({ operation }) => operation)).toMatchObject([
    { operationId: 'auth_list', tags: ['auth'], security: [{ bearerAuth: [] }], 'x-rate-class': 'api' },
    { operationId: 'catalog_list', tags: ['catalog'] },
  ]);
});

test('the order of services and members changes nothing', () => {
  const auth = document('/auth/x', { B: { type: 'object', title: 'b' }, A: same }, 'A');
  const turned = document('/auth/x', { A: same, B: { title: 'b', type: 'object' } }, 'A');
  const catalog = document('/catalog/x', { B: { title: 'b', type: 'object' } }, 'B');
  expect(Object.keys(merge({ auth, catalog }).components!['schemas']!)).toEqual(['A', 'B']);
  expect(JSON.stringify(merge({ catalog, auth: turned }))).toBe(JSON.stringify(merge({ auth: turned, catalog })));
});

test('internal operations and paths on no route stay out', () => {
  const hidden = document('/auth/x', {}, 'A');
  (hidden.paths['/auth/x'] as { get: { 'x-internal': boolean } }).get['x-internal'] = true;
  expect(merge({ auth: hidden, catalog: document('/elsewhere/x', {}, 'A') }).paths).toEqual({});
});
