import fc from 'fast-check';
import { expect, test } from 'vitest';
import { patternCovers } from './pattern.ts';

const permission = fc
  .tuple(fc.constantFrom('a', 'ab', 'b'), fc.constantFrom('x', 'xy'), fc.constantFrom('read', 'rea', 'write'))
  .map((parts) => parts.join(':'));
const pattern = fc
  .tuple(permission, fc.nat(12), fc.boolean())
  .map(([text, length, open]) => (open ? `${text.slice(0, length)}*` : text));

test('only a final * stands for what follows', () => {
  expect(patternCovers('catalog:*', 'catalog:entity:read')).toBe(true);
  expect(patternCovers('catalog:*', 'catalogue:entity:read')).toBe(false);
  expect(patternCovers('catalog:entity', 'catalog:entity:read')).toBe(false);
  expect(patternCovers('catalog:*:read', 'catalog:entity:read')).toBe(false);
  expect(patternCovers('*', 'catalog:entity:read')).toBe(true);
  expect(patternCovers('', 'catalog:entity:read')).toBe(false);
});

test('a pattern covers another one only if it covers all that the other names', () => {
  fc.assert(
    fc.property(pattern, pattern, permission, (wide, narrow, name) => {
      const follows = patternCovers(wide, narrow) && patternCovers(narrow, name);
      expect(follows && !patternCovers(wide, name)).toBe(false);
    }),
  );
});
