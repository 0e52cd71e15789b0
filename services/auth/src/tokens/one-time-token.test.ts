import { expect, test } from 'vitest';
import { hashOneTimeToken, makeOneTimeToken } from './one-time-token.ts';

test('a token is told from every other, and from other spellings of itself', () => {
  const token = makeOneTimeToken();
  expect(token).toHaveLength(43);
  expect(hashOneTimeToken(token)).toEqual(hashOneTimeToken(token));
  expect(hashOneTimeToken(makeOneTimeToken())).not.toEqual(hashOneTimeToken(token));
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const spellings = alphabet.split('').map((last) => token.slice(0, -1) + last);
  const same = spellings.filter((text) => hashOneTimeToken(text)?.equals(hashOneTimeToken(token)!) === true);
  expect(same).toEqual([token]);
});

test.each(['', 'x', ' '.repeat(43), 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`, `${'a'.repeat(42)}\n`])(
  '%j is none',
  (text) => {
    expect(hashOneTimeToken(text)).toBeUndefined();
  },
);
