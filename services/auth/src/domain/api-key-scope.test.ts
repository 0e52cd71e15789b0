import { expect, test } from 'vitest';
import { apiKeyScope, scopeOutside } from './api-key-scope.ts';

test.each(['*', 'catalog:*', 'catalog:entity:*', 'catalog:entity:read', 'skill-exchange:skill:read-all'])(
  '%s is a scope',
  (scope) => expect(apiKeyScope.test(scope)).toBe(true),
);

test.each([
  '',
  'catalog',
  'catalog:',
  'catalog:entity',
  '*:entity:read',
  'catalog:*:read',
  'Catalog:*',
  'a:b:c:d',
  'a:b*',
])('%j is none', (scope) => expect(apiKeyScope.test(scope)).toBe(false));

test('a narrower scope lies inside a wider one and not the other way round', () => {
  expect(scopeOutside(['catalog:entity:read', 'catalog:entity:*'], ['catalog:*'])).toBeUndefined();
  expect(scopeOutside(['catalog:*'], ['catalog:entity:*'])).toBe('catalog:*');
  expect(scopeOutside(['*'], ['catalog:entity:read'])).toBe('*');
  expect(scopeOutside(['catalogue:a:b'], ['catalog:*'])).toBe('catalogue:a:b');
  expect(scopeOutside(['auth:team:read'], [])).toBe('auth:team:read');
  expect(scopeOutside([], [])).toBeUndefined();
  expect(scopeOutside(['*'], undefined)).toBeUndefined();
});
