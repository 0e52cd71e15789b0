import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { audits } from '../support/auth-database.ts';
import { makeTenant, signIn, type Person, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(() => auth.setClock());

const sessions = '/api/v1/auth/sessions';
const get = (path: string, token?: string) => auth.request('GET', path, token === undefined ? {} : { token });
const remove = (path: string, token?: string) => auth.request('DELETE', path, token === undefined ? {} : { token });
const me = async (token: string) => (await get('/api/v1/auth/me', token)).status;
const idsOf = (answer: { body: { data: { id: string }[] } }) => answer.body.data.map(({ id }) => id);

describe('one’s own sessions', () => {
  test('are listed with where and how they began, newest pages by cursor', async () => {
    const [first, second] = [await signIn(auth, a.member), await signIn(auth, a.member)];
    const answer = await get(sessions, second.accessToken);
    expect(answer.status).toBe(200);
    const own = answer.body.data.find(({ id }: { id: string }) => id === second.sessionId);
    expect(own).toMatchObject({ current: true, tenantId: a.id, kind: 'login', userAgent: 'auth-test', amr: ['pwd'] });
    expect(answer.body.data.find(({ id }: { id: string }) => id === first.sessionId)).toMatchObject({ current: false });
    expect(answer.text).not.toContain('mac');
    const page = await get(`${sessions}?limit=1`, second.accessToken);
    const rest = await get(`${sessions}?limit=100&cursor=${page.body.meta.nextCursor}`, second.accessToken);
    expect([...idsOf(page), ...idsOf(rest)]).toEqual(idsOf(answer));
  });

  test('one ends, and its tokens with it at once; twice is 404', async () => {
    const [ended, kept] = [await signIn(auth, a.member), await signIn(auth, a.member)];
    expect((await remove(`${sessions}/${ended.sessionId}`, kept.accessToken)).status).toBe(204);
    expect([await me(ended.accessToken), await me(kept.accessToken)]).toEqual([401, 200]);
    expect((await remove(`${sessions}/${ended.sessionId}`, kept.accessToken)).status).toBe(404);
    const [row] = await audits(auth, { action: 'auth:session:end', resourceId: ended.sessionId });
    expect(row).toMatchObject({ tenant_id: a.id, actor: `user:${a.member.id}` });
    const events = await eventsOfType(auth.sql, 'idp.auth.v1.SessionRevoked');
    expect(events.find(({ data }) => data.sessionId === ended.sessionId)).toMatchObject({ data: { reason: 'user' } });
  });

  test('all others end, then all', async () => {
    const [first, second] = [await signIn(auth, a.viewer), await signIn(auth, a.viewer)];
    expect((await remove(`${sessions}?keep=current`, second.accessToken)).status).toBe(204);
    expect([await me(first.accessToken), await me(second.accessToken)]).toEqual([401, 200]);
    expect((await remove(sessions, second.accessToken)).status).toBe(204);
    expect(await me(second.accessToken)).toBe(401);
  });

  test('somebody else’s is as one that never was', async () => {
    const [mine, theirs] = [await signIn(auth, a.member), await signIn(auth, b.owner)];
    const foreign = await remove(`${sessions}/${theirs.sessionId}`, mine.accessToken);
    const unknown = await remove(`${sessions}/0192d6a0-0000-7000-8000-000000000099`, mine.accessToken);
    expect([foreign.status, foreign.body.error]).toEqual([404, unknown.body.error]);
    expect(await me(theirs.accessToken)).toBe(200);
  });

  test('need a credential, and known parameters', async () => {
    const { accessToken } = await signIn(auth, a.member);
    expect((await get(sessions)).status).toBe(401);
    expect((await remove(`${sessions}/x`, accessToken)).status).toBe(400);
    expect((await remove(`${sessions}?keep=all`, accessToken)).status).toBe(400);
  });
});

describe('sessions of a member', () => {
  const path = (person: Person) => `/api/v1/users/${person.id}/sessions`;

  test('are seen and ended by administrators of the tenant alone', async () => {
    const [admin, member] = [await signIn(auth, a.admin), await signIn(auth, a.member)];
    expect((await get(path(a.member), member.accessToken)).status).toBe(403);
    expect((await remove(path(a.admin), member.accessToken)).status).toBe(403);
    expect(idsOf(await get(path(a.member), admin.accessToken))).toContain(member.sessionId);
    expect((await remove(path(a.member), admin.accessToken)).status).toBe(204);
    expect(await me(member.accessToken)).toBe(401);
    const [row] = await audits(auth, { action: 'auth:session:end', resourceId: member.sessionId });
    expect(row).toMatchObject({ actor: `user:${a.admin.id}` });
  });

  test('of another tenant are as those of nobody', async () => {
    const admin = await signIn(auth, a.admin);
    const theirs = await signIn(auth, b.member);
    expect((await get(path(b.member), admin.accessToken)).status).toBe(404);
    expect((await remove(path(b.member), admin.accessToken)).status).toBe(404);
    expect(await me(theirs.accessToken)).toBe(200);
  });
});

describe('proving who one is once more', () => {
  const reauthenticate = (token: string, password: string) =>
    auth.request('POST', '/api/v1/auth/reauthenticate', { token, body: { password } });
  const authTimeOf = (token: string): number =>
    (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { auth_time: number }).auth_time;

  test('makes a token of the same session that says so, and so do those after it', async () => {
    const session = await signIn(auth, a.owner);
    auth.setClock(120_000);
    const answer = await reauthenticate(session.accessToken, a.owner.password);
    expect(answer.status).toBe(200);
    const { accessToken } = answer.body.data as { accessToken: string };
    expect(authTimeOf(accessToken) - authTimeOf(session.accessToken)).toBeGreaterThanOrEqual(119);
    const refreshed = await auth.request('POST', '/api/v1/auth/refresh', {
      body: { refreshToken: session.refreshToken },
    });
    expect(authTimeOf(refreshed.body.data.accessToken)).toBe(authTimeOf(accessToken));
    expect(await audits(auth, { action: 'auth:session:reauthenticate', resourceId: session.sessionId })).toHaveLength(
      1,
    );
  });

  test('fails with a wrong password, which counts as one at sign-in does', async () => {
    const { accessToken } = await signIn(auth, b.viewer);
    const answers: (string | number)[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      const { status } = await reauthenticate(accessToken, 'not the password at all');
      answers.push(status);
    }
    expect(answers).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await audits(auth, { action: 'auth:session:reauthenticate', outcome: 'denied' })).toHaveLength(5);
  });
});

describe('a changed password', () => {
  const change = (token: string, body: Record<string, unknown>) =>
    auth.request('POST', '/api/v1/auth/password/change', { token, body });
  const next = 'a longer sentence than the one before';

  test('signs in from now on, the old one does not, and the other sessions end', async () => {
    const [other, own] = [await signIn(auth, b.member), await signIn(auth, b.member)];
    expect((await change(own.accessToken, { current: b.member.password, next })).status).toBe(204);
    expect([await me(other.accessToken), await me(own.accessToken)]).toEqual([401, 200]);
    await expect(signIn(auth, b.member)).rejects.toThrow('401');
    await signIn(auth, { ...b.member, password: next });
    const [row] = await audits(auth, { action: 'auth:password:change', resourceId: b.member.id });
    expect(JSON.stringify(row)).not.toContain(next);
    const [event] = await eventsOfType(auth.sql, 'idp.auth.v1.PasswordChanged');
    expect(event).toMatchObject({ data: { userId: b.member.id, endedSessions: true } });
  });

  test('may leave the other sessions alone', async () => {
    const [other, own] = [await signIn(auth, b.admin), await signIn(auth, b.admin)];
    const body = { current: b.admin.password, next, keepOtherSessions: true };
    expect((await change(own.accessToken, body)).status).toBe(204);
    expect([await me(other.accessToken), await me(own.accessToken)]).toEqual([200, 200]);
  });

  test('needs the present one, and must pass the rule', async () => {
    const { accessToken } = await signIn(auth, a.admin);
    expect((await change(accessToken, { next })).status).toBe(400);
    expect((await change(accessToken, { current: 'something else entirely', next })).status).toBe(401);
    const short = await change(accessToken, { current: a.admin.password, next: 'short' });
    expect([short.status, short.body.error.code]).toEqual([422, 'PASSWORD_REJECTED']);
    await signIn(auth, a.admin);
  });
});
