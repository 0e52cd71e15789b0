import { expect, it } from 'vitest';
import { skipDifferences } from './skips.ts';

it('notices an item that could run, one nobody listed, and another reason', () => {
  const committed = { 'route: a': ['x', 'y'], 'field: b': ['z'] };
  expect(skipDifferences(committed, committed)).toEqual([]);
  expect(skipDifferences(committed, { 'route: a': ['x', 'y', 'new'], 'route: c': ['z'] })).toEqual([
    'new was skipped (route: a) and is not on the list',
    'z is skipped for another reason: route: c',
  ]);
  expect(skipDifferences(committed, { 'route: a': ['x'], 'field: b': ['z'] })).toEqual([
    'y runs now: take it off the list',
  ]);
});
