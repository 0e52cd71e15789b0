import { expect, test } from 'vitest';

test('runs whatever is missing', () => {
  expect(1 + 1).toBe(2);
});
