import { ValidationError } from '@idp/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeParameters } from './parameters.ts';

/** Any UTF-16, pairs and unpaired surrogates included. */
const codeUnit = fc.oneof(fc.constantFrom(0, 0x61, 0xd83d, 0xde00), fc.nat(0xffff));
const codeUnits = fc.array(codeUnit, { maxLength: 8 }).map((units) => String.fromCharCode(...units));

const storable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

function encoded(values: unknown[]): unknown[] | 'refused' {
  try {
    return encodeParameters(values);
  } catch (error) {
    if (error instanceof ValidationError) return 'refused';
    throw error;
  }
}

test('text is passed on unless PostgreSQL cannot hold it', () => {
  fc.assert(
    fc.property(codeUnits, (text) => {
      expect(encoded([text, [text]])).toEqual(storable(text) ? [text, [text]] : 'refused');
    }),
  );
});

test('JSON is refused exactly where a value or a name holds U+0000', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ unit: fc.constantFrom('\0', '\\', 'u', '0', '"', 'a') }),
        fc.string({ unit: fc.constantFrom('\0', '\\', 'u', '0', 'a') }),
      ),
      (value) => {
        const holdsNul = Object.entries(value).some(([name, text]) => (name + text).includes('\0'));
        expect(encoded([value])).toEqual(holdsNul ? 'refused' : [JSON.stringify(value)]);
      },
    ),
  );
});

test('dates become ISO text, bytes stay bytes, the rest stays as it is', () => {
  const at = new Date('2026-01-02T03:04:05.678Z');
  expect(encodeParameters([at, Buffer.from('a'), new Uint8Array([97]), 1, true, null, undefined, 5n])).toEqual([
    '2026-01-02T03:04:05.678Z',
    Buffer.from('a'),
    Buffer.from('a'),
    1,
    true,
    null,
    undefined,
    5n,
  ]);
});
