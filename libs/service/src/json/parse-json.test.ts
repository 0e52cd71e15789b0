import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ValidationError } from '@idp/errors';
import { jsonLimits } from './json-limits.ts';
import { createJsonParser } from './parse-json.ts';

const parse = createJsonParser();
const runs = { numRuns: 2000 };

/** The code of the refusal, or undefined where the text was taken. */
function refusal(text: string | Buffer, limits = jsonLimits): string | undefined {
  try {
    parse(Buffer.from(text as string), limits);
    return undefined;
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return (error.details as { issues: { code: string }[] }).issues[0]!.code;
  }
}

const printable = fc.string({
  unit: fc.constantFrom('a', 'é', '😀', '"', '\\', '/', '\n', '\t', ' ', '{', '}', ',', ':', '[', '\u2028'),
});
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    printable,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
    fc.array(tie('any')),
    fc.dictionary(
      printable.filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name)),
      tie('any'),
    ),
  ),
})).any;

describe('against JSON.parse', () => {
  test('what JSON.stringify writes is read back the same', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (input, indent) => {
        const text = JSON.stringify(input, null, indent);
        expect(parse(Buffer.from(text), jsonLimits)).toEqual(JSON.parse(text));
      }),
      runs,
    );
  });

  test('what JSON.parse refuses is refused, whatever the bytes', () => {
    const noise = fc.string({
      unit: fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        'u',
        '0',
        '1',
        '-',
        'e',
        '.',
        't',
        'true',
        'null',
        ' ',
        'é',
        '\u0000',
      ),
    });
    fc.assert(
      fc.property(noise, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(valid || text === '' || refusal(text) !== undefined).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  test('arbitrary bytes never throw anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void refusal(Buffer.from(bytes))),
      runs,
    );
  });
});

describe('members that occur twice', () => {
  const escaped = (name: string): string =>
    `"${Array.from(name)
      .map((c) => (c.length === 1 ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c))
      .join('')}"`;

  test('are found among any others, written plainly or with escapes, and only where they are', () => {
    const names = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'x') }), {
      minLength: 1,
      maxLength: 80,
    });
    fc.assert(
      fc.property(names, fc.nat(), fc.boolean(), fc.boolean(), (list, pick, twice, withEscapes) => {
        const written = list.map((name) => JSON.stringify(name));
        const chosen = list[pick % list.length]!;
        if (twice) written.push(withEscapes ? escaped(chosen) : JSON.stringify(chosen));
        const text = `{${written.map((name) => `${name}:{"a":[{"a":1},{"a":2}]}`).join()}}`;
        expect(refusal(text)).toBe(twice ? 'duplicate_member' : undefined);
      }),
      runs,
    );
  });

  test('the same name in another object is no repetition', () => {
    expect(refusal('{"a":{"a":1,"b":{"a":2}},"b":[{"a":1},{"a":1}]}')).toBeUndefined();
    expect(refusal('{"a":{"b":1},"b":{"b":1},"a":1}')).toBe('duplicate_member');
  });

  test('names whose hashes collide are told apart', () => {
    // "Aa" and "BB" collide in h*31+c, so do all strings built of them.
    const names = ['AaAa', 'AaBB', 'BBAa', 'BBBB'];
    expect(refusal(`{${names.map((name) => `"${name}":1`).join()}}`)).toBeUndefined();
    expect(refusal(`{${[...names, 'BBAa'].map((name) => `"${name}":1`).join()}}`)).toBe('duplicate_member');
  });
});

describe('what a double cannot hold', () => {
  test.each(['1e400', '-1e400', '1e-400', '-0', '-0.0', '0e-1000', '1.0000000000000000001', '12345678901234567890.5'])(
    '%s',
    (text) => {
      expect(refusal(text)).toBe(text === '0e-1000' ? undefined : 'number_range');
    },
  );

  test('every finite double passes as written', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
        (n) => {
          expect(refusal(JSON.stringify(n))).toBeUndefined();
        },
      ),
      runs,
    );
  });
});

describe('text', () => {
  test.each([
    ['"\\ud800"', 'lone_surrogate'],
    ['"\\udc00"', 'lone_surrogate'],
    ['"\\ud800\\u0041"', 'lone_surrogate'],
    ['"\\ud83d\\ude00"', undefined],
    ['"\\u0000"', 'control_character'],
    ['"\\b"', 'control_character'],
    ['"\\f"', 'control_character'],
    ['"\\n\\r\\t"', undefined],
    ['"\\u001b"', 'control_character'],
    ['"\\u0085"', 'control_character'],
    ['"\u0085"', 'control_character'],
    ['"\u007f"', 'control_character'],
    ['"\u00a0"', undefined],
    ['{"a\\u0000":1}', 'control_character'],
    ['\ufeff1', 'byte_order_mark'],
    [Buffer.from([0x22, 0xff, 0x22]), 'utf8'],
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'utf8'],
  ])('%j: %s', (text, code) => {
    expect(refusal(text)).toBe(code);
  });

  test('a route may take controls, never NUL', () => {
    const limits = { ...jsonLimits, controls: true };
    expect(refusal('"\\u001b[31m"', limits)).toBeUndefined();
    expect(refusal('"\\u0000"', limits)).toBe('control_character');
  });
});

test('a body at its limits is scanned without being built where it is refused', () => {
  expect(refusal('['.repeat(500_000))).toBe('too_deep');
  expect(refusal(`{${'"a":1,'.repeat(100_000)}"b":1}`)).toBe('duplicate_member');
});
