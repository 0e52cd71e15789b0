import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEmailAddress } from './email-address.ts';

test.each([
  ['owner@localhost', 'owner@localhost', 'owner@localhost'],
  ['Ada.Lovelace+work@Example.ORG', 'Ada.Lovelace+work@example.org', 'ada.lovelace+work@example.org'],
  ['a@bücher.example', 'a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
  ["o'neil@mail.example", "o'neil@mail.example", "o'neil@mail.example"],
])('%s is an address', (text, email, norm) => {
  expect(parseEmailAddress(text)).toEqual({ email, norm });
});

test.each([
  '',
  '@example.org',
  'a@',
  'a',
  'a@b@c',
  '"quoted"@example.org',
  'a@[127.0.0.1]',
  'a@127.0.0.1',
  'a@example.org.',
  'a@example..org',
  'a@-example.org',
  'ä@example.org',
  '.a@example.org',
  'a..b@example.org',
  'a b@example.org',
  'a@exa mple.org',
  'a@example.org\n',
  'a\n@example.org',
  'a@example.org/path',
  'a@example.org:25',
  'a@%65xample.org',
  `${'a'.repeat(65)}@example.org`,
  `a@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(63)}.org`,
])('%j is none', (text) => {
  expect(parseEmailAddress(text)).toBeUndefined();
});

test('reading what was read gives the same account, in any case of letters', () => {
  const address = fc.emailAddress().filter((text) => parseEmailAddress(text) !== undefined);
  fc.assert(
    fc.property(address, (text) => {
      const read = parseEmailAddress(text)!;
      expect(parseEmailAddress(read.email)).toEqual(read);
      expect(parseEmailAddress(text.toUpperCase())?.norm).toBe(read.norm);
      expect(Buffer.byteLength(read.norm)).toBeLessThanOrEqual(254);
    }),
  );
});

test('any text is an address of visible ASCII or none, and never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }), (text) => {
      expect(parseEmailAddress(text)?.norm ?? 'none').toMatch(/^[\x21-\x7e]+$/);
    }),
  );
});
