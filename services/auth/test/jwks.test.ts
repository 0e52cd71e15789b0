import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readServiceKey, remotePorts } from '@idp/auth';
import { makeTenant, signIn, type TestTenant } from './support/people.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

let auth: RunningAuth;
let a: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
});
afterAll(() => auth?.[Symbol.asyncDispose]());

const jwks = () => auth.request('GET', '/.well-known/jwks.json');

test('the key document is public, cacheable and holds public parts only', async () => {
  const answer = await jwks();
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('public, max-age=300');
  expect(answer.body).toEqual({
    keys: [{ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: expect.any(String), alg: 'EdDSA', use: 'sig' }],
  });
});

test('any JOSE library verifies a token with it', async () => {
  const { accessToken } = await signIn(auth, a.member);
  const { payload } = await jwtVerify(accessToken, createLocalJWKSet((await jwks()).body), {
    issuer: auth.publicUrl,
    audience: `${auth.publicUrl}/api`,
    typ: 'at+jwt',
    clockTolerance: 60,
  });
  expect(payload.sub).toBe(a.member.id);
});

test('the private part is nowhere in clear', async () => {
  const { rows } = await auth.sql.query('select private_sealed, signing_keys::text as row from auth.signing_keys');
  expect(rows).toHaveLength(1);
  expect(rows[0].private_sealed).toMatch(/^v1\./);
  expect(rows[0].row).not.toContain('"d"');
});

test('another service reads keys over HTTP', async () => {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const serviceKey = await readServiceKey(
    'catalog',
    JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'catalog-1' }),
  );
  const ports = remotePorts({ authUrl: auth.url, serviceKey });
  expect(await ports.jwks.keys()).toEqual((await jwks()).body.keys);
});

test('an unknown query parameter is 400', async () => {
  expect((await auth.request('GET', '/.well-known/jwks.json?kid=1')).status).toBe(400);
});
