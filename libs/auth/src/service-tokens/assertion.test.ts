import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { readServiceKey, signServiceAssertion, verifyServiceAssertion, type ServiceKey } from './assertion.ts';

let catalog: ServiceKey;
let other: ServiceKey;
let keys: Map<string, JWK[]>;
const now = new Date('2026-01-01T00:00:00Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

async function makeKey(service: string, kid: string): Promise<{ key: ServiceKey; jwk: JWK }> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const key = await readServiceKey(service, JSON.stringify({ ...(await exportJWK(pair.privateKey)), kid }));
  return { key, jwk: { ...(await exportJWK(pair.publicKey)), kid } };
}

beforeAll(async () => {
  const [first, second] = [await makeKey('catalog', 'c1'), await makeKey('pipelines', 'p1')];
  [catalog, other] = [first.key, second.key];
  keys = new Map([
    ['catalog', [first.jwk]],
    ['pipelines', [second.jwk]],
  ]);
});

test('names the service whose key signed it, for a minute', async () => {
  const assertion = await signServiceAssertion(catalog, now);
  expect(await verifyServiceAssertion(assertion, keys, now)).toBe('catalog');
  await expect(verifyServiceAssertion(assertion, keys, later(121))).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  await expect(verifyServiceAssertion(assertion, keys, later(-121))).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
});

test('nobody signs for another service', async () => {
  const forged = await signServiceAssertion({ ...other, service: 'catalog' }, now);
  await expect(verifyServiceAssertion(forged, keys, now)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  const misnamed = await signServiceAssertion({ ...other, service: 'catalog', kid: 'c1' }, now);
  await expect(verifyServiceAssertion(misnamed, keys, now)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
});

test.each([
  ['another issuer', { iss: 'service:pipelines' }, {}],
  ['another audience', { aud: 'idp:catalog' }, {}],
  ['an hour of life', { exp: now.getTime() / 1000 + 3600 }, {}],
  ['a person as subject', { sub: 'user:1', iss: 'user:1' }, {}],
  ['no end', { exp: undefined }, {}],
  ['the type of an access token', {}, { typ: 'at+jwt' }],
])('%s is refused', async (_name, claims, header) => {
  const at = now.getTime() / 1000;
  const usual = { iss: 'service:catalog', sub: 'service:catalog', aud: 'idp:auth', iat: at, exp: at + 60 };
  const assertion = await new SignJWT({ ...usual, ...(claims as object) })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'c1', typ: 'client-authentication+jwt', ...header })
    .sign(catalog.privateKey);
  await expect(verifyServiceAssertion(assertion, keys, now)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
});

test.each(['', 'a.b.c', 'x'.repeat(9000)])('%# no JWT at all is refused', async (text) => {
  await expect(verifyServiceAssertion(text, keys, now)).rejects.toMatchObject({ status: 401 });
});

test('a key file without a private key, or without its id, is refused', async () => {
  const [jwk] = keys.get('catalog')!;
  await expect(readServiceKey('catalog', JSON.stringify(jwk))).rejects.toThrow();
  await expect(readServiceKey('catalog', 'not json')).rejects.toThrow();
});
