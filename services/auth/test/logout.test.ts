import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { audits } from './support/auth-database.ts';
import { makeTenant, signIn, type TestTenant } from './support/people.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';
import { eventsOfType } from './support/published-events.ts';

let auth: RunningAuth;
let a: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(() => auth.setClock());

const logout = (token?: string) => auth.request('POST', '/api/v1/auth/logout', token === undefined ? {} : { token });
const refresh = (refreshToken: string) => auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } });

test('logout ends the session of the token and no other', async () => {
  const [ended, kept] = [await signIn(auth, a.member), await signIn(auth, a.member)];
  const answer = await logout(ended.accessToken);
  expect(answer.status).toBe(204);
  expect(answer.text).toBe('');
  expect(answer.headers['clear-site-data']).toBe('"cookies", "storage"');
  expect((await refresh(ended.refreshToken)).status).toBe(401);
  expect((await refresh(kept.refreshToken)).status).toBe(200);
});

test('a second logout is refused with its token, and changes nothing', async () => {
  const session = await signIn(auth, a.owner);
  expect((await logout(session.accessToken)).status).toBe(204);
  expect((await logout(session.accessToken)).body.error.code).toBe('INVALID_TOKEN');
  expect(await audits(auth, { action: 'auth:session:end', resourceId: session.sessionId })).toMatchObject([
    { tenant_id: a.id, actor: `user:${a.owner.id}`, outcome: 'succeeded' },
  ]);
  const revoked = await eventsOfType(auth.sql, 'idp.auth.v1.SessionRevoked');
  expect(revoked.filter(({ data }) => data.sessionId === session.sessionId)).toMatchObject([
    { sequence: 2, data: { reason: 'logout', userId: a.owner.id } },
  ]);
});

test('without a token it is 401, and a body is 400', async () => {
  expect((await logout()).body.error.code).toBe('AUTH_REQUIRED');
  const { accessToken } = await signIn(auth, a.member);
  const answer = await auth.request('POST', '/api/v1/auth/logout?all=true', { token: accessToken });
  expect(answer.status).toBe(400);
});

test('a refresh token is no bearer token', async () => {
  const { refreshToken } = await signIn(auth, a.member);
  const answer = await logout(refreshToken);
  expect(answer.status).toBe(401);
  expect(answer.body.error.code).toBe('INVALID_TOKEN');
});
