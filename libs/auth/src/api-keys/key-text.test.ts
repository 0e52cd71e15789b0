import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiKeySecretHash, formatApiKey, looksLikeApiKey, makeApiKey, parseApiKey } from './key-text.ts';

test('what was made is read', () => {
  for (const kind of ['key', 'svc'] as const) {
    const key = makeApiKey(kind);
    const text = formatApiKey(key);
    expect(text).toMatch(new RegExp(`^idp_${kind}_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$`));
    expect(parseApiKey(text)).toEqual(key);
    expect(looksLikeApiKey(text)).toBe(true);
  }
});

test('the checksum is the CRC-32 of what precedes it', () => {
  const text = formatApiKey({ kind: 'key', kid: '00000000', secret: '0'.repeat(43) });
  // By zlib of another language: 1809700760, written with 62 digits.
  expect(text).toBe(`idp_key_00000000_${'0'.repeat(43)}1yTJpw`);
});

test('no changed character is accepted', () => {
  const text = formatApiKey(makeApiKey('key'));
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.constantFrom('0', '9', 'A', 'Z', 'a', 'z', '_', '-', '.', ' ', 'é'),
      (at, character) => {
        fc.pre(text[at] !== character);
        expect(parseApiKey(text.slice(0, at) + character + text.slice(at + 1))).toBeUndefined();
      },
    ),
  );
});

test.each(['', 'idp_', 'idp_key_', 'x', 'idp_pat_00000000_'])('%j is no key', (text) => {
  expect(parseApiKey(text)).toBeUndefined();
});

test('a key that is longer, shorter or wrapped is none', () => {
  const text = formatApiKey(makeApiKey('svc'));
  for (const other of [`${text} `, ` ${text}`, `${text}\n`, text.slice(1), text.slice(0, -1), text.toUpperCase()]) {
    expect(parseApiKey(other)).toBeUndefined();
  }
});

test('a next secret keeps the id and shares nothing else', () => {
  const first = makeApiKey('key');
  const next = makeApiKey('key', first.kid);
  expect(next.kid).toBe(first.kid);
  expect(next.secret).not.toBe(first.secret);
  expect(apiKeySecretHash(next.secret).toString('hex')).toBe(hash('sha256', next.secret));
});
