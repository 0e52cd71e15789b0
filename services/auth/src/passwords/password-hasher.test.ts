import { expect, test } from 'vitest';
import { createMetrics } from '@idp/telemetry';
import { createPasswordHasher } from './password-hasher.ts';
import { parsePhc } from './phc.ts';

const small = { memoryKib: 64, passes: 1, lanes: 1 };

function hasher(parameters = small) {
  return createPasswordHasher({ parameters, concurrency: 4, queue: 32, metrics: createMetrics('auth') });
}

test('a password matches its own hash and no other', async () => {
  const phc = await hasher().hash('correct horse battery staple');
  expect(await hasher().verify('correct horse battery staple', phc)).toEqual({ matches: true, outdated: false });
  expect(await hasher().verify('correct horse battery stapl', phc)).toMatchObject({ matches: false });
  expect(await hasher().verify('Correct horse battery staple', phc)).toMatchObject({ matches: false });
});

// Made by the argon2 command of the reference implementation (phc-winner-argon2 20190702):
// printf password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32 -e
test('a hash of the reference implementation verifies', async () => {
  const phc = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await hasher().verify('password', phc)).toEqual({ matches: true, outdated: true });
});

test('the bytes of the password count: composed and decomposed accents differ', async () => {
  const phc = await hasher().hash('café café café café'.normalize('NFC'));
  expect(await hasher().verify('café café café café'.normalize('NFD'), phc)).toMatchObject({ matches: false });
});

test('two hashes of one password differ, and carry the parameters', async () => {
  const [first, second] = [await hasher().hash('x'), await hasher().hash('x')];
  expect(first).not.toBe(second);
  expect(parsePhc(first)).toMatchObject(small);
});

test('a hash with other parameters matches and is outdated', async () => {
  const phc = await hasher({ ...small, passes: 2 }).hash('x');
  expect(await hasher().verify('x', phc)).toEqual({ matches: true, outdated: true });
});

test('nobody and an unknown algorithm never match', async () => {
  expect(await hasher().verify('x', undefined)).toMatchObject({ matches: false });
  expect(await hasher().verify('x', '$2b$12$abcdefghijklmnopqrstuv')).toMatchObject({ matches: false });
});
