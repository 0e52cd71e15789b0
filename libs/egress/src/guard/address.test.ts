import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isListableAddress, isPublicAddress } from './address.ts';

// The oracle works on integers and shares nothing with the implementation but the published ranges.
const privateV4 =
  '0/8 10/8 100.64/10 127/8 169.254/16 172.16/12 192.0.0/24 192.0.2/24 192.88.99/24 192.168/16 198.18/15 198.51.100/24 203.0.113/24 224/4 240/4 168.63.129.16/32'
    .split(' ')
    .map((text) => {
      const [network = '', prefix] = text.split('/');
      const bytes = [...network.split('.').map(Number), 0, 0, 0].slice(0, 4);
      return { base: bytes.reduce((sum, byte) => sum * 256 + byte, 0), size: 2 ** (32 - Number(prefix)) };
    });

function oracleV4(value: number): boolean {
  return !privateV4.some(({ base, size }) => value >= base && value < base + size);
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

const edges = privateV4.flatMap(({ base, size }) => [base - 1, base, base + size - 1, base + size]);

function oracleV6(groups: readonly number[]): boolean {
  const [first = 0, second = 0] = groups;
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false;
  if (first === 0x2002) return false;
  return !(first === 0x3fff && second < 0x1000);
}

const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
const firstGroup = fc.oneof(
  fc.constantFrom(0, 0x64, 0xfc00, 0xfe80, 0xff02, 0x2001, 0x2002, 0x3fff, 0x2000, 0x4000),
  fc.integer({ min: 0, max: 0xffff }),
);
const spell = (parts: readonly number[]) => parts.map((part) => part.toString(16)).join(':');

describe('public addresses', () => {
  it('classifies every IPv4 address as the list of ranges does', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          fc.constantFrom(...edges.filter((edge) => edge >= 0 && edge < 2 ** 32)),
        ),
        (value) => {
          expect(isPublicAddress(dotted(value))).toBe(oracleV4(value));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('classifies every IPv6 address as the allowed block and its exceptions do', () => {
    fc.assert(
      fc.property(firstGroup, groups, (first, rest) => {
        const parts = [first, ...rest.slice(1)];
        expect(isPublicAddress(spell(parts))).toBe(oracleV6(parts));
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes no IPv6 form that carries an IPv4 address, whatever the IPv4 address is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('::ffff:', '::', '::ffff:0:', '64:ff9b::', '64:ff9b:1::'),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (prefix, value) => {
          expect(isPublicAddress(`${prefix}${dotted(value)}`)).toBe(false);
          expect(isListableAddress(`${prefix}${dotted(value)}`)).toBe(prefix === '::' && value === 1);
        },
      ),
    );
  });

  it('takes nothing that is not an address', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isPublicAddress(text) && isIP(text) === 0).toBe(false);
      }),
    );
    for (const text of ['', 'localhost', 'fe80::1%eth0', '2606:4700::1%1', '1.2.3', '01.2.3.4'])
      expect(isPublicAddress(text)).toBe(false);
  });
});

describe('listable addresses', () => {
  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '168.63.129.16',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
  ])('never lists %s', (address) => {
    expect(isListableAddress(address)).toBe(false);
  });
  it.each(['fd00:ec2::254', 'fd20:ce::254', 'fe80::1', 'ff02::1', '::', '::ffff:127.0.0.1'])(
    'never lists %s',
    (address) => {
      expect(isListableAddress(address)).toBe(false);
    },
  );
  it.each(['127.0.0.1', '10.1.2.3', '192.168.1.1', '100.64.0.1', '::1', 'fd12::1', '8.8.8.8'])(
    'can list %s',
    (address) => {
      expect(isListableAddress(address)).toBe(true);
    },
  );
});
