import { describe, expect, it } from 'vitest';
import { entriesFor, parseAllowEntry } from './allow.ts';

describe('allow entries', () => {
  it.each([
    ['10.1.0.0/16', '10.1.255.255', '10.2.0.0'],
    ['127.0.0.1', '127.0.0.1', '127.0.0.2'],
    ['[fd00::/8]', 'fd12::1', 'fc00::1'],
    ['fd00::/8', 'fd12::1', 'fc00::1'],
    ['[::1]:8080', '::1', '::2'],
    ['10.0.0.0/8', '10.0.0.1', '::ffff:10.0.0.1'],
  ])('%s holds %s and not %s', (text, inside, outside) => {
    const entry = parseAllowEntry(text);
    expect([entry.holdsAddress(inside), entry.holdsAddress(outside)]).toEqual([true, false]);
  });

  it('names a host exactly', () => {
    const entry = parseAllowEntry('Git.Corp.internal:443@git');
    expect([
      entry.namesHost('git.corp.internal'),
      entry.namesHost('x.git.corp.internal'),
      entry.holdsAddress('10.0.0.1'),
    ]).toEqual([true, false, false]);
  });

  it('is bound to its ports and its class', () => {
    const entries = ['a.test:8000-8100', 'b.test@git', 'c.test:443@fetch', 'd.test'].map(parseAllowEntry);
    const names = (className: 'git' | 'fetch', port: number) =>
      entriesFor(entries, className, port).map((entry) => entry.text);
    expect(names('git', 443)).toEqual(['b.test@git', 'd.test']);
    expect(names('fetch', 443)).toEqual(['c.test:443@fetch', 'd.test']);
    expect(names('fetch', 8100)).toEqual(['a.test:8000-8100', 'd.test']);
    expect(names('fetch', 8101)).toEqual(['d.test']);
  });

  it.each([
    '',
    '10.0.0.0/33',
    'a.test/8',
    '10.0.0.0/x',
    'a.test:0',
    'a.test:70000',
    'a.test:90-80',
    'a.test@nothing',
    'a b',
    'https://a.test',
    '*.a.test',
    '[::1',
    'fd00::/129',
  ])('refuses %j and says so', (text) => {
    expect(() => parseAllowEntry(text)).toThrow(/EGRESS_ALLOW: cannot read/);
  });
});
