import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicName } from './name.ts';
import { Refusal } from './refusal.ts';
import { readTarget } from './text.ts';

function ruleOf(text: string): number | undefined {
  try {
    readTarget(text);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.rule;
    throw error;
  }
}

describe('reading a typed address', () => {
  it.each([
    ['https://api.example.org', 'api.example.org', 443],
    ['https://API.Example.org:8443/a?b=c', 'api.example.org', 8443],
    ['http://192.0.2.7/x', '192.0.2.7', 80],
    ['https://[2606:4700::1111]:444/', '2606:4700::1111', 444],
    ['https://xn--bcher-kva.example.org/', 'xn--bcher-kva.example.org', 443],
  ])('reads %s', (text, host, port) => {
    expect(readTarget(text)).toMatchObject({ host, port });
  });

  it.each([
    ['https://a.test/\u0000', 1],
    ['https://a.test/ x', 1],
    ['https://bücher.test/', 1],
    ['https://user@a.test/', 1],
    ['https://a.test/#x', 1],
    ['https://a.test\\@b.test/', 1],
    ['ftp://a.test/', 1],
    ['//a.test/', 1],
    ['https:a.test', 1],
    ['https://a.test:0/', 1],
    ['https://a.test:65536/', 2],
    ['https://a.test:080/', 1],
    ['https://a.test:/', 1],
    [`https://a.test/${'a'.repeat(2_048)}`, 1],
    ['https://127.1/', 2],
    ['https://0x7f.1/', 2],
    ['https://2130706433/', 2],
    ['https://%31%32%37.0.0.1/', 2],
    ['https:///a.test/', 2],
    ['https://[0:0:0:0:0:0:0:1]/', 2],
    ['https://[fe80::1%25eth0]/', 2],
  ])('refuses %s by rule %i', (text, rule) => {
    expect(ruleOf(text)).toBe(rule);
  });

  it('never disagrees with the URL standard about host and port of what it takes', () => {
    const piece = fc.stringMatching(/^[a-zA-Z0-9.:@[\]%\\/?#x-]{0,12}$/);
    fc.assert(
      fc.property(fc.constantFrom('http', 'https', 'HTTPS'), piece, piece, (scheme, before, after) => {
        const text = `${scheme}://${before}${after}`;
        if (ruleOf(text) !== undefined) return;
        const target = readTarget(text);
        const standard = new URL(text);
        expect(standard.hostname.replace(/^\[|\]$/g, '')).toBe(target.host);
        expect(Number(standard.port || (target.secure ? 443 : 80))).toBe(target.port);
        expect([standard.username, standard.password, standard.hash]).toEqual(['', '', '']);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('public names', () => {
  it.each(['a.test', 'x-1.a.test', 'xn--bcher-kva.de', 'internal.example.org', 'notlocal.org'])('takes %s', (name) => {
    expect(isPublicName(name)).toBe(true);
  });
  const inner = [
    'localhost',
    'a.localhost',
    'printer.local',
    'metadata.google.internal',
    'kubernetes.default.svc',
    'db.ns.svc.cluster.local',
    'r.home.arpa',
    'x.onion',
    'a.invalid',
    'a.example',
  ];
  it.each([
    ...inner,
    'redis',
    'a.test.',
    '.a.test',
    'a..test',
    '-a.test',
    'a-.test',
    'a_b.test',
    `${'a'.repeat(64)}.test`,
    'a.1',
  ])('refuses %s', (name) => {
    expect(isPublicName(name)).toBe(false);
  });
});
