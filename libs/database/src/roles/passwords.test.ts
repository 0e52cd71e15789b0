import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import { derivePassword, scramVerifier } from './passwords.ts';

test('the verifier is the one RFC 5802 derives from the password', async () => {
  const verifier = await scramVerifier('pencil');
  const [, iterations, salt = '', stored, server] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier) ?? [];
  const salted = pbkdf2Sync('pencil', Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  expect(stored).toBe(createHash('sha256').update(clientKey).digest('base64'));
  expect(server).toBe(createHmac('sha256', salted).update('Server Key').digest('base64'));
});

test('passwords differ by role and by key, and stay the same', () => {
  const key = Buffer.alloc(32, 1);
  expect(derivePassword(key, 'a')).toBe(derivePassword(key, 'a'));
  expect(derivePassword(key, 'a')).not.toBe(derivePassword(key, 'b'));
  expect(derivePassword(key, 'a')).not.toBe(derivePassword(Buffer.alloc(32, 2), 'a'));
});
