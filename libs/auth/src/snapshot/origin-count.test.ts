import { expect, test } from 'vitest';
import { createOriginCount } from './origin-count.ts';

test('an origin is known as long as one tenant has it', () => {
  const origins = createOriginCount();
  origins.set('a', ['https://one.test', 'https://both.test', 'https://both.test']);
  origins.set('b', ['https://both.test']);
  expect(['https://one.test', 'https://both.test', 'https://none.test'].map(origins.has)).toEqual([true, true, false]);
  origins.set('a', ['https://other.test']);
  expect(['https://one.test', 'https://both.test', 'https://other.test'].map(origins.has)).toEqual([false, true, true]);
  origins.set('b', undefined);
  origins.set('b', undefined);
  expect(origins.has('https://both.test')).toBe(false);
  origins.set('a', []);
  expect(origins.has('https://other.test')).toBe(false);
});
