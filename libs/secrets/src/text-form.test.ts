import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatSealed, parseSealed } from './text-form.ts';

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
const parts = fc.record({
  kekId: fc.string({ minLength: 1 }),
  dekId: fc.uuid(),
  iv: bytes(12),
  ciphertext: fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
  tag: bytes(16),
});

test('what was written is read back', () => {
  fc.assert(
    fc.property(parts, (sealed) => {
      expect(parseSealed(formatSealed(sealed))).toEqual(sealed);
    }),
  );
});

test('a key id of any characters keeps the six fields apart', () => {
  const sealed = {
    kekId: 'a.b/c=',
    dekId: '0192d6a0-0000-7000-8000-000000000001',
    iv: Buffer.alloc(12),
    ciphertext: Buffer.alloc(0),
    tag: Buffer.alloc(16),
  };
  expect(formatSealed(sealed).split('.')).toHaveLength(6);
});

/** The text again, or why it cannot be read. */
function rewritten(text: string): string {
  try {
    return formatSealed(parseSealed(text));
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('any text is read back exactly or refused as unreadable', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^v1(\.[\w-]{0,24}){4,6}$/)), (text) => {
      expect([text, 'SECRET_UNREADABLE']).toContain(rewritten(text));
    }),
  );
});

test.each([
  ['padding', (text: string) => `${text}=`],
  ['another version', (text: string) => text.replace('v1', 'v2')],
  ['a missing field', (text: string) => text.slice(0, text.lastIndexOf('.'))],
  ['a further field', (text: string) => `${text}.AA`],
  ['unused trailing bits', (text: string) => `${text.slice(0, -1)}B`],
])('%s is refused', (_name, change) => {
  const text = formatSealed({
    kekId: 'k',
    dekId: '0192d6a0-0000-7000-8000-000000000001',
    iv: Buffer.alloc(12),
    ciphertext: Buffer.from('x'),
    tag: Buffer.alloc(16),
  });
  expect(() => parseSealed(change(text))).toThrow('cannot be read');
});
