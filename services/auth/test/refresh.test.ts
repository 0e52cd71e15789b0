import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { audits } from './support/auth-database.ts';
import { makeTenant, password, type TestTenant } from './support/people.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';
import { eventsOfType } from './support/published-events.ts';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(() => auth.setClock());

const seconds = 1_000;
const day = 86_400 * seconds;

async function signIn(
  email = a.member.email,
): Promise<{ refreshToken: string; accessToken: string; sessionId: string }> {
  const { data } = (await auth.request('POST', '/api/v1/auth/login', { body: { email, password } })).body;
  return { ...data, sessionId: data.refreshToken.split('.')[1] };
}

function refresh(refreshToken: string, more: Record<string, unknown> = {}) {
  return auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken, ...more } });
}

async function sessionRow(id: string) {
  const { rows } = await auth.sql.query('select counter::int, revoked_reason from auth.sessions where id = $1', [id]);
  return rows[0] as { counter: number; revoked_reason: string | null };
}

/** `401 INVALID_TOKEN`, or what else came. */
async function outcome(refreshToken: string): Promise<string> {
  const { status, body } = await refresh(refreshToken);
  return `${status} ${body.error?.code ?? 'pair'}`;
}

test('a refresh token gives the next pair of the same session', async () => {
  const first = await signIn();
  const answer = await refresh(first.refreshToken);
  expect(answer.status).toBe(200);
  expect(answer.body.data).toEqual({
    accessToken: expect.any(String),
    refreshToken: expect.any(String),
    expiresIn: 900,
  });
  expect(answer.body.data.refreshToken).toMatch(new RegExp(`^r1\\.${first.sessionId}\\.1\\.`));
  const claims = decodeJwt(answer.body.data.accessToken);
  expect(claims).toMatchObject({ sub: a.member.id, tid: a.id, sid: first.sessionId });
  expect(claims.exp! - claims.iat!).toBe(900);
  const me = await auth.request('GET', '/api/v1/auth/me', { token: answer.body.data.accessToken });
  expect(me.status).toBe(200);
});

test('twenty at once with one token: one rotation, twenty usable answers, no alarm', async () => {
  const { refreshToken, sessionId } = await signIn();
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refreshToken)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  const next = new Set(answers.map(({ body }) => body.data.refreshToken));
  expect(next.size).toBe(1);
  expect(await sessionRow(sessionId)).toEqual({ counter: 1, revoked_reason: null });
  const { accessToken } = answers[19]!.body.data;
  expect((await auth.request('GET', '/api/v1/auth/me', { token: accessToken })).status).toBe(200);
  expect((await refresh([...next][0]!)).status).toBe(200);
});

test('the token before the current one works for 10 s and ends the session at 11 s', async () => {
  const { refreshToken, sessionId } = await signIn();
  const current = (await refresh(refreshToken)).body.data.refreshToken;
  auth.setClock(10 * seconds);
  expect((await refresh(refreshToken)).body.data.refreshToken).toBe(current);
  auth.setClock(11 * seconds);
  expect(await outcome(refreshToken)).toBe('401 INVALID_TOKEN');
  expect(await sessionRow(sessionId)).toEqual({ counter: 1, revoked_reason: 'reuse' });
  expect(await outcome(current)).toBe('401 INVALID_TOKEN');
});

test('a reuse is an event, a revocation and two audit rows', async () => {
  const { refreshToken, sessionId } = await signIn(a.owner.email);
  await refresh(refreshToken);
  auth.setClock(11 * seconds);
  expect(await outcome(refreshToken)).toBe('401 INVALID_TOKEN');
  expect(await outcome(refreshToken)).toBe('401 INVALID_TOKEN');
  const ofSession = async (type: 'idp.auth.v1.SessionReuseDetected' | 'idp.auth.v1.SessionRevoked') =>
    (await eventsOfType(auth.sql, type)).filter(({ data }) => data.sessionId === sessionId);
  expect(await ofSession('idp.auth.v1.SessionReuseDetected')).toMatchObject([
    { tenantId: a.id, data: { userId: a.owner.id } },
  ]);
  expect(await ofSession('idp.auth.v1.SessionRevoked')).toMatchObject([{ sequence: 2, data: { reason: 'reuse' } }]);
  expect(await audits(auth, { action: 'auth:session:refresh', resourceId: sessionId })).toMatchObject([
    { outcome: 'denied' },
  ]);
  expect(await audits(auth, { action: 'auth:session:end', resourceId: sessionId })).toHaveLength(1);
});

test('an older token ends the session at once, however young the rotation', async () => {
  const { refreshToken, sessionId } = await signIn();
  const second = (await refresh(refreshToken)).body.data.refreshToken;
  await refresh(second);
  expect(await outcome(refreshToken)).toBe('401 INVALID_TOKEN');
  expect((await sessionRow(sessionId)).revoked_reason).toBe('reuse');
});

test('knowing a session id ends nobody’s session', async () => {
  const { refreshToken, sessionId } = await signIn();
  const [, , , mac] = refreshToken.split('.');
  const forged = [`r1.${sessionId}.0.${'A'.repeat(43)}`, `r1.${sessionId}.1.${mac}`, `r1.${sessionId}.7.${mac}`];
  for (const token of forged) expect(await outcome(token)).toBe('401 INVALID_TOKEN');
  auth.setClock(20 * seconds);
  for (const token of forged) expect(await outcome(token)).toBe('401 INVALID_TOKEN');
  expect((await refresh(refreshToken)).status).toBe(200);
  expect((await sessionRow(sessionId)).revoked_reason).toBeNull();
});

test('a token newer than a restored database is taken once, and audited', async () => {
  const { refreshToken, sessionId } = await signIn();
  let newest = refreshToken;
  for (let index = 0; index < 3; index += 1) newest = (await refresh(newest)).body.data.refreshToken;
  await auth.sql.query('update auth.sessions set counter = 1 where id = $1', [sessionId]);
  const answer = await refresh(newest);
  expect(answer.body.data.refreshToken).toMatch(/\.4\.[\w-]{43}$/);
  expect(await sessionRow(sessionId)).toEqual({ counter: 4, revoked_reason: null });
  expect(await audits(auth, { action: 'auth:session:resume', resourceId: sessionId })).toHaveLength(1);
  auth.setClock(11 * seconds);
  expect(await outcome(newest)).toBe('401 INVALID_TOKEN');
});

test('an unused session ends after 7 days', async () => {
  const { refreshToken } = await signIn();
  auth.setClock(7 * day);
  expect(await outcome(refreshToken)).toBe('401 INVALID_TOKEN');
  const other = await signIn();
  auth.setClock(14 * day - seconds);
  expect((await refresh(other.refreshToken)).status).toBe(200);
});

test('refreshing never extends a session beyond 30 days', async () => {
  let { refreshToken } = await signIn();
  for (let days = 5; days < 30; days += 5) {
    auth.setClock(days * day);
    refreshToken = (await refresh(refreshToken)).body.data.refreshToken;
  }
  auth.setClock(30 * day - seconds);
  refreshToken = (await refresh(refreshToken)).body.data.refreshToken;
  auth.setClock(30 * day);
  expect(await outcome(refreshToken)).toBe('401 INVALID_TOKEN');
});

test('the tenant the caller believes in is compared', async () => {
  const { refreshToken } = await signIn();
  const elsewhere = await refresh(refreshToken, { tenantId: b.id });
  expect(elsewhere.status).toBe(409);
  expect(elsewhere.body.error.code).toBe('CONFLICT');
  const here = await refresh(refreshToken, { tenantId: a.id });
  expect(here.body.data.refreshToken).toMatch(/\.1\.[\w-]{43}$/);
});

test('a disabled account, an ended membership and a suspended tenant get no further pair', async () => {
  const disabled = await signIn(b.member.email);
  await auth.sql.query("update auth.users set status = 'disabled' where id = $1", [b.member.id]);
  expect(await outcome(disabled.refreshToken)).toBe('401 INVALID_TOKEN');
  const removed = await signIn(b.viewer.email);
  await auth.sql.query("update auth.memberships set status = 'removed' where user_id = $1", [b.viewer.id]);
  expect(await outcome(removed.refreshToken)).toBe('401 INVALID_TOKEN');
  const suspended = await signIn(b.owner.email);
  await auth.sql.query("update auth.tenants set status = 'suspended' where id = $1", [b.id]);
  const answer = await refresh(suspended.refreshToken);
  expect(answer.status).toBe(403);
  expect(answer.body.error.code).toBe('TENANT_SUSPENDED');
  await auth.sql.query("update auth.tenants set status = 'active' where id = $1", [b.id]);
  expect((await refresh(suspended.refreshToken)).status).toBe(200);
});

test('an access token, a text of the wrong form and a session nobody has are 401', async () => {
  const { accessToken, refreshToken, sessionId } = await signIn();
  expect(await outcome(accessToken)).toBe('401 INVALID_TOKEN');
  expect(await outcome(`${refreshToken}=`)).toBe('401 INVALID_TOKEN');
  expect(await outcome(refreshToken.toUpperCase())).toBe('401 INVALID_TOKEN');
  expect(await outcome(refreshToken.replace(sessionId, '0192d6a0-0000-7000-8000-000000000099'))).toBe(
    '401 INVALID_TOKEN',
  );
  expect(await outcome('r1')).toBe('401 INVALID_TOKEN');
});

test.each([
  ['no token', {}],
  ['a number', { refreshToken: 1 }],
  ['a further member', { refreshToken: 'r1', cookie: true }],
  ['no UUID', { refreshToken: 'r1', tenantId: 'acme' }],
])('%s is 400', async (_name, body) => {
  const answer = await auth.request('POST', '/api/v1/auth/refresh', { body });
  expect(answer.status).toBe(400);
  expect(answer.body.error.code).toBe('VALIDATION_ERROR');
});
