import { expect, test } from 'vitest';
import { expiryNotice } from './key-expiry.ts';

const day = 86_400_000;
const now = new Date('2026-03-01T12:00:00Z');
const at = (days: number) => new Date(now.getTime() + days * day).toISOString();
const key = (endsIn: number, madeBefore = 100) => ({ expiresAt: at(endsIn), createdAt: at(-madeBefore) });

test.each([
  [14.001, undefined],
  [14, { announced: 14, tell: true, daysLeft: 14 }],
  [8.5, { announced: 14, tell: true, daysLeft: 9 }],
  [3, { announced: 3, tell: true, daysLeft: 3 }],
  [1.5, { announced: 3, tell: true, daysLeft: 2 }],
  [1, { announced: 1, tell: true, daysLeft: 1 }],
  [0, { announced: 0, tell: true, daysLeft: 0 }],
  [-5, { announced: 0, tell: true, daysLeft: 0 }],
])('a key that ends in %d days', (endsIn, notice) => {
  expect(expiryNotice(key(endsIn), now)).toEqual(notice);
});

test('nobody is told of a day that had passed when the key was made', () => {
  expect(expiryNotice(key(2, 0), now)).toMatchObject({ announced: 3, tell: false });
  expect(expiryNotice(key(3, 0), now)).toMatchObject({ announced: 3, tell: true });
  expect(expiryNotice(key(-1, 2), now)).toMatchObject({ announced: 0, tell: true });
});
