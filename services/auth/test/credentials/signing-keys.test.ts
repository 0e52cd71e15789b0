import { randomBytes } from 'node:crypto';
import { platformTenantId } from '@idp/contracts';
import { createTokenVerifier } from '@idp/auth';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { advanceSigningKeys } from '../../src/operations/credentials/signing-keys.ts';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, testOwner, type RunningAuth } from '../support/running-auth.ts';
import { makeServiceToken } from '../support/service-token.ts';

const path = '/api/v1/auth/signing-keys';
const hour = 3_600_000;
/** On a busy machine a record may take its time to the bus and back. */
const patient = { timeout: 90_000 };

let auth: RunningAuth;
let a: TestTenant;
let platform: Caller;
/** How far the clock of the tests is ahead; it never goes back, as what verifies tokens believes it. */
let ahead = 0;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(async () => {
  // Each test begins with a key that has just begun to sign.
  await auth.sql.query(`update auth.signing_keys set activated_at = $1 where state = 'active'`, [auth.clock()]);
  platform = await callerFor(auth, testOwner, 'platform');
});
afterEach(async () => {
  await auth.sql.query(`delete from auth.signing_keys where state <> 'active'`);
  auth.ctx.signingKeys.changed();
});

/** The hourly job, this much later. */
async function later(ms: number): Promise<void> {
  ahead += ms;
  auth.setClock(ahead);
  await advanceSigningKeys(auth.ctx);
}
const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid;
const tokenNow = async (): Promise<string> => (await signIn(auth, a.member)).accessToken;
const teams = async (token: string): Promise<number> => (await auth.request('GET', '/api/v1/teams', { token })).status;
const jwks = async (): Promise<{ kid: string }[]> => (await auth.request('GET', '/.well-known/jwks.json')).body.keys;
const validate = (token: string, caller: string) =>
  auth.request('POST', '/internal/v1/sessions/validate', { token: caller, body: { token } });
const serviceToken = () => makeServiceToken(auth);
const published = async (): Promise<string[]> => (await jwks()).map(({ kid }) => kid);
const states = async (): Promise<Record<string, string>> => {
  const { rows } = await auth.sql.query<{ kid: string; state: string }>('select kid, state from auth.signing_keys');
  return Object.fromEntries(rows.map(({ kid, state }) => [kid, state]));
};

test('only the people of the platform see and change the keys', async () => {
  const owner = await callerFor(auth, a.owner);
  const { data, meta } = (await platform.get(path)).body;
  expect(meta.total).toBe(1);
  expect(data).toEqual([expect.objectContaining({ kid: kidOf(platform.token), alg: 'EdDSA', state: 'active' })]);
  expect(JSON.stringify(data)).not.toContain('sealed');
  expect(outcome(await owner.get(path))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await owner.post(`${path}/rotate`, null))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await owner.post(`${path}/${data[0].kid}/revoke`))).toEqual([403, 'PERMISSION_DENIED']);
});

test('the next key is published a day before it signs, and no request fails on the way', async () => {
  const old = kidOf(await tokenNow());
  const next = (await platform.post(`${path}/rotate`, null)).body.data.kid as string;
  expect(outcome(await platform.post(`${path}/rotate`, null))).toEqual([409, 'INVALID_STATE']);
  expect(await published()).toEqual(expect.arrayContaining([old, next]));
  await later(24 * hour - 1);
  expect(kidOf(await tokenNow())).toBe(old);
  const before = await tokenNow();
  await later(1);
  const after = await tokenNow();
  expect(kidOf(after)).toBe(next);
  expect([await teams(before), await teams(after)]).toEqual([200, 200]);
  await later(20 * 60_000);
  expect(await states()).toEqual({ [old]: 'retired', [next]: 'active' });
  expect(await published()).toEqual([next]);
  for (const [type, kid] of [
    ['idp.auth.v1.SigningKeyPublished', next],
    ['idp.auth.v1.SigningKeyActivated', next],
    ['idp.auth.v1.SigningKeyRetired', old],
  ] as const) {
    const told = (await eventsOfType(auth.sql, type)).filter(({ data }) => data.kid === kid);
    expect(told.map(({ tenantId }) => tenantId)).toEqual([platformTenantId]);
  }
  expect(await audits(auth, { action: 'auth:signing-key:rotate', resourceId: next })).toHaveLength(1);
  expect(await audits(auth, { action: 'auth:signing-key:activate', resourceId: next })).toHaveLength(1);
});

test('a key signs for 30 days without anybody doing anything', async () => {
  const old = kidOf(await tokenNow());
  await later(29 * 24 * hour - hour);
  expect(Object.values(await states())).toEqual(['active']);
  await later(hour + 1_000);
  expect(Object.values(await states()).toSorted()).toEqual(['active', 'next']);
  await later(24 * hour);
  expect((await states())[old]).toBe('retiring');
});

test('what a revoked key has signed is refused at once, and another signs', async () => {
  const before = await tokenNow();
  const kid = kidOf(before);
  const elsewhere = createTokenVerifier({
    issuer: auth.publicUrl,
    audience: `${auth.publicUrl}/api`,
    jwks: { keys: jwks },
    revocations: auth.ctx.revocations,
    clock: auth.clock,
  });
  await elsewhere.verify(before);
  const service = await serviceToken();
  expect((await validate(before, service)).status).toBe(200);
  expect((await platform.post(`${path}/${kid}/revoke`, { reason: 'lost' })).status).toBe(204);
  const after = await tokenNow();
  expect(kidOf(after)).not.toBe(kid);
  expect([await teams(before), await teams(after)]).toEqual([401, 200]);
  await expect(elsewhere.verify(before)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  await expect(elsewhere.verify(after)).resolves.toMatchObject({ id: a.member.id });
  expect(await published()).toEqual([kidOf(after)]);
  expect((await validate(after, service)).status).toBe(401);
  expect((await validate(after, await serviceToken())).status).toBe(200);
  platform = await callerFor(auth, testOwner, 'platform');
  expect(outcome(await platform.post(`${path}/${kid}/revoke`))).toEqual([409, 'INVALID_STATE']);
  const unknown = randomBytes(32).toString('base64url');
  expect((await platform.post(`${path}/${unknown}/revoke`)).status).toBe(404);
  const told = await eventsOfType(auth.sql, 'idp.auth.v1.CredentialRevoked');
  expect(told.some(({ data }) => data.payload.includes(kid))).toBe(true);
  expect(await audits(auth, { action: 'auth:signing-key:revoke', resourceId: kid, reason: 'lost' })).toHaveLength(1);
});

test('the waiting key takes the place of one that is revoked', async () => {
  const next = (await platform.post(`${path}/rotate`, null)).body.data.kid as string;
  expect((await platform.post(`${path}/${kidOf(platform.token)}/revoke`)).status).toBe(204);
  expect(kidOf(await tokenNow())).toBe(next);
});

test(
  'another process signs with the new key soon, and at once when it hears that the old one was revoked',
  patient,
  async () => {
    const other = await startAuth({ database: auth.database });
    try {
      other.setClock(ahead);
      const signInThere = async (): Promise<string> => kidOf((await signIn(other, a.member)).accessToken);
      const old = await signInThere();
      const next = (await platform.post(`${path}/rotate`, null)).body.data.kid as string;
      await later(24 * hour);
      expect(await signInThere()).toBe(old);
      other.setClock(ahead);
      expect(await signInThere()).toBe(next);
      platform = await callerFor(auth, testOwner, 'platform');
      expect((await platform.post(`${path}/${next}/revoke`)).status).toBe(204);
      await expect.poll(signInThere, patient).not.toBe(next);
      expect(await signInThere()).toBe(kidOf(await tokenNow()));
    } finally {
      await other[Symbol.asyncDispose]();
    }
  },
);
