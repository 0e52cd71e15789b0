import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { containsLine, createCommonPasswords } from './common-passwords.ts';
import { requireAcceptablePassword } from './password-rule.ts';

const common = createCommonPasswords();
const around = { email: 'ada.lovelace@example.org', tenantSlug: 'engines' };

function check(password: string, surroundings: { email: string; tenantSlug?: string } = around) {
  return requireAcceptablePassword(password, surroundings, common);
}

test.each([
  ['plain sentence', 'correct horse battery staple'],
  ['15 characters', 'zqxwvutjkpmnbhg'],
  ['15 emoji', '🔑'.repeat(15)],
  ['256 characters', 'xq7-'.repeat(64)],
  ['spaces at the ends are part of it', '  quite unusual  '],
  ['only lower case', 'ninebluewhaleswalkhome'],
])('%s is accepted', async (_name, password) => {
  await expect(check(password)).resolves.toBeUndefined();
});

test.each([
  ['14 characters', 'zqxwvutjkpmnbh', 'too-short'],
  ['14 emoji of 28 code units', '🔑'.repeat(14), 'too-short'],
  ['257 characters', 'x'.repeat(257), 'too-long'],
  ['one of the list', '123456789987654321', 'common'],
  ['one of the list in capitals', 'QAZWSXEDCRFVTGB', 'common'],
  ['the local part', 'my name is Ada.Lovelace!', 'personal'],
  ['the whole address', 'ada.lovelace@example.org', 'personal'],
  ["the tenant's slug", 'difference-ENGINES-1842', 'personal'],
  ["the product's name", 'Internal-Developer-Platform-1', 'personal'],
])('%s is rejected', async (_name, password, rule) => {
  await expect(check(password)).rejects.toMatchObject({ code: 'PASSWORD_REJECTED', status: 422, details: { rule } });
});

test('a short local part may turn up by chance', async () => {
  await expect(check('zqabxwvutjkpmnbhg', { email: 'ab@example.org' })).resolves.toBeUndefined();
});

const list = readFileSync(new URL('../../data/common-passwords.txt', import.meta.url));
const entries = list.toString('utf8').split('\n').slice(0, -1);

test('the shipped list is sorted by bytes, without doubles, and of 100 000 entries or more', () => {
  expect(entries.length).toBeGreaterThanOrEqual(100_000);
  for (let index = 1; index < entries.length; index += 1) {
    expect(Buffer.compare(Buffer.from(entries[index - 1]!), Buffer.from(entries[index]!))).toBe(-1);
  }
});

test('every entry is found, and what is between two entries is not', async () => {
  fc.assert(
    fc.property(fc.nat(entries.length - 1), (index) => {
      expect(containsLine(list, Buffer.from(entries[index]!))).toBe(true);
      expect(containsLine(list, Buffer.from(`${entries[index]!}\u0001`))).toBe(false);
    }),
    { numRuns: 2_000, examples: [[0], [entries.length - 1]] },
  );
  expect(await common.has('PASSWORD1')).toBe(true);
  expect(await common.has('')).toBe(false);
});

test('the search agrees with a plain look through any list', () => {
  const line = fc.stringMatching(/^[a-c]{1,4}$/);
  fc.assert(
    fc.property(fc.uniqueArray(line), line, (lines, wanted) => {
      const sorted = lines.toSorted().map((one) => `${one}\n`);
      expect(containsLine(Buffer.from(sorted.join('')), Buffer.from(wanted))).toBe(lines.includes(wanted));
    }),
  );
});
