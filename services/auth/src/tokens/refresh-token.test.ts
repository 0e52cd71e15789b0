import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatRefreshToken, isGenuine, parseRefreshToken } from './refresh-token.ts';

const key = randomBytes(32);
const session = '0192d6a0-0000-7000-8000-000000000001';

test('what was written is read back and genuine', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.nat(), (sessionId, counter) => {
      const token = parseRefreshToken(formatRefreshToken(sessionId, counter, key));
      expect(token).toMatchObject({ sessionId, counter });
      expect(isGenuine(token!, key)).toBe(true);
      expect(isGenuine(token!, randomBytes(32))).toBe(false);
    }),
  );
});

test('an edited counter or session is not genuine', () => {
  const token = parseRefreshToken(formatRefreshToken(session, 1, key))!;
  expect(isGenuine({ ...token, counter: 2 }, key)).toBe(false);
  expect(isGenuine({ ...token, sessionId: session.replace('1', '2') }, key)).toBe(false);
});

test.each([
  ['no counter', (text: string) => text.replace('.1.', '..')],
  ['leading zero', (text: string) => text.replace('.1.', '.01.')],
  ['negative', (text: string) => text.replace('.1.', '.-1.')],
  ['exponent', (text: string) => text.replace('.1.', '.1e3.')],
  ['beyond exact numbers', (text: string) => text.replace('.1.', '.9999999999999999.')],
  ['another version', (text: string) => text.replace('r1', 'r2')],
  ['upper-case session', (text: string) => text.replace(session, session.toUpperCase())],
  ['short mac', (text: string) => text.slice(0, -1)],
  ['padding', (text: string) => `${text}=`],
  ['line end', (text: string) => `${text}\n`],
])('%s is refused', (_name, change) => {
  expect(parseRefreshToken(change(formatRefreshToken(session, 1, key)))).toBeUndefined();
});

test('unused trailing bits of the mac are refused', () => {
  const text = formatRefreshToken(session, 1, key);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet[alphabet.indexOf(text.at(-1)!) ^ 1]!;
  expect(parseRefreshToken(text.slice(0, -1) + last)).toBeUndefined();
});
