import { formatApiKey, makeApiKey } from '@idp/auth';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostileClasses, hostileItems } from '../items.ts';
import { MissingError } from '../missing.ts';
import { bytes, makeValue, RawJson, toJson } from './form.ts';

const names = (name: string) => ({ 'A.tenant': 'tenant-a', host: 'h.test' })[name];

describe('value forms', () => {
  it.each([
    ['«A.tenant»/x', 'tenant-a/x'],
    ['«A.tenant|upper»', 'TENANT-A'],
    ['«A.tenant|no-dash»', 'tenanta'],
    [{ $repeat: ['ab', 3] }, 'ababab'],
    [{ $concat: ['a', { $repeat: ['b', 2] }, '«host»'] }, 'abbh.test'],
    [{ $list: [1, 3] }, [1, 1, 1]],
    [{ $members: 2 }, { m0: 0, m1: 1 }],
    [{ $nest: ['[', 2, ']', '1'] }, '[[1]]'],
    [{ $lines: ['X-«n»: a', 2] }, 'X-0: a\r\nX-1: a\r\n'],
    [{ $ne: null }, { $ne: null }],
    [{ '«host»': [{ $repeat: ['x', 2] }] }, { 'h.test': ['xx'] }],
    [null, null],
    [-1, -1],
  ])('%j', (form, value) => {
    expect(makeValue(form, names)).toEqual(value);
  });

  it('puts raw JSON into a body unquoted, wherever it stands', () => {
    expect(toJson({ a: [new RawJson('1e400')], b: new RawJson('NaN') })).toBe('{"a":[1e400],"b":NaN}');
  });

  it('writes plain values as JSON does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(toJson(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it('keeps bytes that are no text', () => {
    expect([...bytes({ $concat: ['a', { $base64: '//4=' }] }, names)]).toEqual([97, 0xff, 0xfe]);
  });

  it('swaps the case of a valid enum value', () => {
    expect(makeValue({ $case: 'swap' }, names, { validEnum: 'Active' })).toBe('aCTIVE');
  });

  it('says what is missing', () => {
    expect(() => makeValue('«nobody.token»', names)).toThrow(new MissingError('fixture', 'nobody.token'));
    expect(() => makeValue({ $hook: {} }, names)).toThrow(new MissingError('capability', 'form $hook'));
  });

  it.each(hostileClasses)('makes every value of class %s from a full fixture', (name) => {
    const forms = hostileItems(name)
      .map(({ input }) => input)
      .filter((input) => JSON.stringify(input).length < 5_000);
    // A text of which every change can be made.
    const anything = formatApiKey(makeApiKey('key'));
    for (const form of forms) {
      // What `$add` names is put into the bodies of operations, not made.
      if (JSON.stringify(form).match(/"\$(gzip|repeat":\["a",\d{8}|case|name|members|add)/)) continue;
      expect(makeValue({ ...form }, () => anything)).toBeDefined();
    }
  });
});
