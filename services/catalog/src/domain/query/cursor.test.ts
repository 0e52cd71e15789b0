import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursorText, encodeCursorText } from './cursor.ts';

describe('cursor text', () => {
  it('is what atob gives a client, and reads back, whatever the members hold', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (members) => {
        const expected: unknown = JSON.parse(JSON.stringify(members));
        const text = encodeCursorText(members);
        expect(JSON.parse(atob(text))).toEqual(expected);
        expect({ ...decodeCursorText(text) }).toEqual(expected);
      }),
    );
  });

  it.each(['', '!', 'bm8ganNvbg==', btoa('[1]'), btoa('null'), btoa('1')])('refuses %j', (text) => {
    expect(() => decodeCursorText(text)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
  });
});
