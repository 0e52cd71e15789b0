import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPhc, parsePhc } from './phc.ts';

test('what was written is read back', () => {
  const bytes = (min: number) => fc.uint8Array({ minLength: min, maxLength: 64 }).map((array) => Buffer.from(array));
  const hash = fc.record({
    memoryKib: fc.integer({ min: 8, max: 1_048_576 }),
    passes: fc.integer({ min: 1, max: 100 }),
    lanes: fc.integer({ min: 1, max: 16 }),
    salt: bytes(8),
    hash: bytes(16),
  });
  fc.assert(
    fc.property(hash, (value) => {
      expect(parsePhc(formatPhc(value))).toEqual(value);
    }),
  );
});

test.each([
  '',
  '$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
  '$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
  '$argon2id$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
  '$2b$12$abcdefghijklmnopqrstuv',
  'plain text',
])('%j is no hash of ours', (text) => {
  expect(parsePhc(text)).toBeUndefined();
});
