import { UnavailableError } from '@idp/errors';
import { beforeEach, expect, test } from 'vitest';
import { createRevocationSignal } from '../revocations.ts';
import type { ApiKeyUses, VerifiedApiKey } from './key-port.ts';
import { apiKeySecretHash, formatApiKey, makeApiKey } from './key-text.ts';
import { createApiKeyVerifier, type KeyLookup } from './key-verifier.ts';

const own = makeApiKey('key');
const text = formatApiKey(own);
const ip = '192.0.2.7';
let now: number;
let record: VerifiedApiKey | undefined;
let asked: { kid: string; secretHash: string }[];
let reports: ApiKeyUses[][];
let lookups: KeyLookup[];
let down: boolean;

beforeEach(() => {
  now = Date.parse('2026-01-01T00:00:00Z');
  [asked, reports, lookups, down] = [[], [], [], false];
  record = {
    keyId: 'k-1',
    tenantId: 't-1',
    owner: { type: 'user', id: 'u-1' },
    accessVersion: 7,
    scopes: ['catalog:entity:read', 'auth:*'],
    expiresAt: now + 3_600_000,
    ipAllow: [],
  };
});

function verifier(revocations = createRevocationSignal()) {
  return createApiKeyVerifier({
    clock: () => new Date(now),
    revocations,
    onLookup: (result) => lookups.push(result),
    keys: {
      async verify(key) {
        asked.push(key);
        if (down) throw new UnavailableError('auth is away');
        const fits = key.kid === own.kid && key.secretHash === apiKeySecretHash(own.secret).toString('base64url');
        return fits ? record : undefined;
      },
      async report(uses) {
        if (down) throw new UnavailableError('auth is away');
        reports.push([...uses]);
      },
    },
  });
}

test('a key acts as its owner, within its scopes, and never counts as a fresh sign-in', async () => {
  expect(await verifier().verify(text, { ip })).toEqual({
    type: 'user',
    id: 'u-1',
    tenantId: 't-1',
    actor: 'key:k-1',
    keyId: 'k-1',
    tokenId: 'k-1',
    accessVersion: 7,
    authTime: 0,
    amr: [],
    acr: 'idp:aal1',
    scope: 'catalog:entity:read auth:*',
    token: text,
  });
});

test('concurrent callers share one question, and the answer is kept', async () => {
  const { verify } = verifier();
  await Promise.all([verify(text, { ip }), verify(text, { ip }), verify(text, { ip })]);
  await verify(text, { ip });
  expect(asked).toHaveLength(1);
  expect(lookups).toEqual(['miss', 'hit', 'hit', 'hit']);
});

test('a changed character is refused without a question', async () => {
  const { verify } = verifier();
  const changed = text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');
  await expect(verify(changed, { ip })).rejects.toMatchObject({ code: 'INVALID_API_KEY' });
  expect(asked).toEqual([]);
  expect(lookups).toEqual(['form']);
});

test('an unknown key is refused, and asked about once', async () => {
  const { verify } = verifier();
  const other = formatApiKey(makeApiKey('key', own.kid));
  for (let time = 0; time < 2; time++) {
    await expect(verify(other, { ip })).rejects.toMatchObject({ status: 401, code: 'INVALID_API_KEY' });
  }
  expect(asked).toHaveLength(1);
});

test('an answer lives 30 s, a refusal 5 s', async () => {
  const { verify } = verifier();
  const other = formatApiKey(makeApiKey('key'));
  await verify(text, { ip });
  await expect(verify(other, { ip })).rejects.toThrow();
  now += 5_001;
  await expect(verify(other, { ip })).rejects.toThrow();
  await verify(text, { ip });
  expect(asked).toHaveLength(3);
  now += 25_000;
  await verify(text, { ip });
  expect(asked).toHaveLength(4);
});

test('a key ends at its very millisecond, although its answer is kept', async () => {
  const { verify } = verifier();
  await verify(text, { ip });
  now = record!.expiresAt - 1;
  await verify(text, { ip });
  now += 1;
  await expect(verify(text, { ip })).rejects.toMatchObject({ code: 'INVALID_API_KEY' });
});

test.each([
  ['192.0.2.0/24', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.8', '192.0.2.7', false],
  ['2001:db8::/32', '2001:db8::1', true],
  ['2001:db8::/32', '192.0.2.7', false],
  ['192.0.2.0/24', '', false],
])('bound to %s and used from %j', async (range, from, admitted) => {
  record!.ipAllow = [range];
  const used = verifier().verify(text, { ip: from });
  const outcome = await used.then(
    ({ keyId }) => keyId,
    ({ code }: { code: string }) => code,
  );
  expect(outcome).toBe(admitted ? 'k-1' : 'INVALID_API_KEY');
});

test('a revoked key is asked about anew at once, another one is not', async () => {
  const revocations = createRevocationSignal();
  const { verify } = verifier(revocations);
  await verify(text, { ip });
  revocations.announce({ kind: 'api-key', id: 'another' });
  revocations.announce({ kind: 'session', id: 'k-1' });
  await verify(text, { ip });
  expect(asked).toHaveLength(1);
  record = undefined;
  revocations.announce({ kind: 'api-key', id: 'k-1' });
  await expect.poll(() => verify(text, { ip }).catch((error: { code: string }) => error.code)).toBe('INVALID_API_KEY');
});

test.each([
  ['its owner', { kind: 'user', id: 'u-1', epoch: 1 }, 2],
  ['its owner in the tenant', { kind: 'member', id: 'u-1', tenantId: 't-1', version: 1 }, 2],
  ['its tenant', { kind: 'tenant', id: 't-1', version: 1 }, 2],
  ['its owner in another tenant', { kind: 'member', id: 'u-1', tenantId: 't-2', version: 1 }, 1],
  ['somebody else', { kind: 'user', id: 'u-2', epoch: 1 }, 1],
  ['another tenant', { kind: 'tenant', id: 't-2', version: 1 }, 1],
] as const)(
  'when %s is revoked, auth has been asked about the key so often: %o',
  async (_who, revocation, questions) => {
    const revocations = createRevocationSignal();
    const { verify } = verifier(revocations);
    await verify(text, { ip });
    revocations.announce(revocation);
    // What is forgotten is forgotten one after the other.
    await new Promise((resolve) => setImmediate(resolve));
    await verify(text, { ip });
    expect(asked).toHaveLength(questions);
  },
);

test('while auth is away an unknown key is 503 and asked about again, a known one works', async () => {
  const { verify } = verifier();
  down = true;
  await expect(verify(text, { ip })).rejects.toMatchObject({ status: 503 });
  down = false;
  await verify(text, { ip });
  down = true;
  await verify(text, { ip });
  expect(asked).toHaveLength(2);
});

test('uses are told once; what auth did not take is told again', async () => {
  const { verify, reportUses } = verifier();
  await reportUses();
  expect(reports).toEqual([]);
  await verify(text, { ip });
  await verify(text, { ip: '192.0.2.8' });
  down = true;
  await expect(reportUses()).rejects.toMatchObject({ status: 503 });
  now += 5;
  await verify(text, { ip });
  down = false;
  await reportUses();
  await reportUses();
  const secretHash = apiKeySecretHash(own.secret).toString('base64url');
  const use = { tenantId: 't-1', keyId: 'k-1', secretHash, requests: 3, lastUsedAt: now, lastUsedIp: ip };
  expect(reports).toEqual([[use]]);
});
