import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldText, prefixUpperBound } from './text.ts';

/** Order of UTF-8 bytes, which is that of code points. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

describe('prefixUpperBound', () => {
  it('separates every text with the prefix from every greater text without it', () => {
    const text = fc.string({ unit: 'binary', maxLength: 4 });
    fc.assert(
      fc.property(text, text, fc.boolean(), (prefix, end, extend) => {
        const other = extend ? prefix + end : end;
        const bound = prefixUpperBound(prefix);
        const inRange = compare(other, prefix) >= 0 && (bound === undefined || compare(other, bound) < 0);
        expect(inRange).toBe(other.startsWith(prefix));
      }),
      { numRuns: 5000 },
    );
  });

  it('skips the surrogates, which no text can hold', () => {
    expect(prefixUpperBound('\ud7ff')).toBe('\ue000');
  });

  it('has none above the last code point', () => {
    expect(prefixUpperBound('\u{10ffff}')).toBeUndefined();
    expect(prefixUpperBound('')).toBeUndefined();
    expect(prefixUpperBound('a\u{10ffff}')).toBe('b');
  });
});

describe('foldText', () => {
  it('lowers the case whatever the locale of the process', () => {
    expect(foldText('ÜBUNG İI')).toBe('übung i̇i');
  });
});
