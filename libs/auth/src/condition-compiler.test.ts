import { expect, test } from 'vitest';
import { createConditionCompiler } from './condition-compiler.ts';

const entry = { description: 'see', resource: 'entity', role: 'viewer' } as const;
const { compile, kindOf } = createConditionCompiler([
  {
    'catalog:entity:read': { ...entry, list: true, attributes: { kind: 'string', tags: 'list<string>' } },
    'catalog:entity:refresh': { ...entry, attributes: { tags: 'list<string>', kind: 'string' } },
  },
  { 'catalog:service:read': { ...entry, list: true, attributes: { tags: 'list<string>', kind: 'string' } } },
]);

test('conditions ask for what the permission declares', () => {
  const values = {
    principal: { id: 'p', type: 'user', tenantId: 't', teamIds: [] },
    context: { now: new Date(0) },
    resource: { id: 'r', scope: {}, attributes: { kind: 'api' } },
  };
  expect(compile('resource.kind == "api"', 'catalog:entity:refresh').evaluate(values)).toBe(true);
  expect(() => compile('resource.owner == "me"', 'catalog:entity:refresh')).toThrow('owner');
  expect(() => compile('resource.kind == "api"', 'catalog:unknown:read')).toThrow('kind');
});

test('what decides lists must become SQL', () => {
  const text = 'resource.tags.exists(tag, tag.endsWith("x"))';
  expect(() => compile(text, 'catalog:entity:read')).toThrow(
    expect.objectContaining({ code: 'CONDITION_NOT_FILTERABLE' }),
  );
  expect(compile(text, 'catalog:entity:refresh')).toBeDefined();
});

test('permissions of the same attributes share what they are compiled with', () => {
  expect(kindOf('catalog:entity:read')).toBe(kindOf('catalog:service:read'));
  expect(kindOf('catalog:entity:read')).not.toBe(kindOf('catalog:entity:refresh'));
});
