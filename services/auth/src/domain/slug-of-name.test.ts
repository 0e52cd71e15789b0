import { slug } from '@idp/service';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slugOfName } from './slug-of-name.ts';

test.each([
  ['Payments & Billing', 'payments-billing'],
  ['  Größe  ', 'gro-e'],
  ['Équipe №1', 'equipe-no1'],
  ['x'.repeat(80), 'x'.repeat(63)],
  [`${'x'.repeat(62)} y`, 'x'.repeat(62)],
  ['日本', undefined],
])('%s', (name, expected) => {
  expect(slugOfName(name)).toBe(expected);
});

test('what it makes is a slug', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const made = slugOfName(name);
      return made === undefined || slug().safeParse(made).success;
    }),
  );
});
