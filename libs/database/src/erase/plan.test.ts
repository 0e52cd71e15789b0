import fc from 'fast-check';
import { expect, test } from 'vitest';
import { erasingOrder, type ErasableTable } from './plan.ts';

test('a table comes before those it refers to', () => {
  // References lead to tables of a lower number, or to the table itself: no ring.
  const tables = fc.array(fc.array(fc.nat(20), { maxLength: 5 }), { minLength: 1, maxLength: 20 }).map((rows) =>
    rows.map((numbers, index): ErasableTable => ({
      name: `t${index}`,
      app: true,
      references: numbers.filter((number) => number <= index).map((number) => `t${number}`),
    })),
  );
  fc.assert(
    fc.property(tables, (list) => {
      const names = erasingOrder(list).map(({ name }) => name);
      expect(names.toSorted()).toEqual(list.map(({ name }) => name).toSorted());
      for (const { name, references } of list) {
        for (const reference of references.filter((other) => other !== name)) {
          expect(names.indexOf(name)).toBeLessThan(names.indexOf(reference));
        }
      }
    }),
  );
});

test('a ring of foreign keys is named', () => {
  const ring = [
    { name: 'a', app: true, references: ['b'] },
    { name: 'b', app: true, references: ['a'] },
  ];
  expect(() => erasingOrder(ring)).toThrow('a, b form a ring');
});
