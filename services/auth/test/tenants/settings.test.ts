import { addMember } from '../../src/operations/add-member.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import type { Answer } from '../support/http-client.ts';
import { makeTenant, signIn, type Person, type TestTenant } from '../support/people.ts';
import { startAuth, testOwner, type RunningAuth } from '../support/running-auth.ts';

// Every test signs in several times.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const tenantsPath = '/api/v1/auth/tenants';
const ssoRequired = [403, 'SSO_REQUIRED'];
const stepUpRequired = [403, 'STEP_UP_REQUIRED'];

let auth: RunningAuth;
/** Somebody of `home` and of `strict`. */
let both: Person;
let home: TestTenant;
let strict: TestTenant;
let platform: Caller;

beforeAll(async () => {
  auth = await startAuth();
  [home, strict] = [await makeTenant(auth, 'home'), await makeTenant(auth, 'strict')];
  both = home.member;
  await addMember(auth.ctx, { tenantId: strict.id, userId: both.id, role: 'member', reason: 'seed' });
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(async () => {
  auth.setClock();
  platform = await callerFor(auth, testOwner, 'platform');
  await configure({ sso: null, mfa: null, session: null, signupDomains: null, origins: null });
});

/** As the platform: it can take back whatever it asks for. */
async function configure(patch: object): Promise<void> {
  expect((await platform.patch(`${tenantsPath}/${strict.id}/config`, patch)).status).toBe(200);
}
const logIn = ({ email, password }: Pick<Person, 'email' | 'password'>, tenant?: string): Promise<Answer> =>
  auth.request('POST', '/api/v1/auth/login', { body: { email, password, ...(tenant !== undefined && { tenant }) } });
const switchTo = (token: string, { id }: TestTenant): Promise<Answer> =>
  auth.request('POST', `${tenantsPath}/${id}/switch`, { token });
const refresh = (refreshToken: string): Promise<Answer> =>
  auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
/** Makes a session one that was begun in another way. */
const begunBy = (sessionId: string, amr: string, acr: string) =>
  auth.sql.query('update auth.sessions set amr = $2, acr = $3 where id = $1', [sessionId, `{${amr}}`, acr]);

describe('single sign-on', () => {
  beforeEach(() => configure({ sso: { enforced: true } }));

  test('is asked for before any account is looked at, where the tenant is named', async () => {
    for (const tenant of ['strict', strict.id]) {
      expect(outcome(await logIn(both, tenant))).toEqual(ssoRequired);
      expect(outcome(await logIn({ ...both, password: 'wrong' }, tenant))).toEqual(ssoRequired);
      expect(outcome(await logIn({ email: 'nobody@example.test', password: 'wrong' }, tenant))).toEqual(ssoRequired);
    }
    expect((await logIn(both, 'home')).status).toBe(200);
  });

  test('is asked for after the password, where nobody names the tenant', async () => {
    expect(outcome(await logIn(strict.viewer))).toEqual(ssoRequired);
    expect(outcome(await logIn({ ...strict.viewer, password: 'wrong' }))).toEqual([401, 'INVALID_CREDENTIALS']);
  });

  test('lets in a session that has gone through it, and no other', async () => {
    const { accessToken, sessionId } = await signIn(auth, both, 'home');
    expect(outcome(await switchTo(accessToken, strict))).toEqual(ssoRequired);
    await begunBy(sessionId, 'fed', 'idp:aal1');
    expect((await switchTo(accessToken, strict)).status).toBe(200);
  });

  test('is asked of the sessions there are when they are next refreshed', async () => {
    await configure({ sso: null });
    const { refreshToken } = await signIn(auth, strict.member);
    await configure({ sso: { enforced: true } });
    expect(outcome(await refresh(refreshToken))).toEqual(ssoRequired);
    await configure({ sso: { enforced: false } });
    expect((await refresh(refreshToken)).status).toBe(200);
  });
});

describe('a second factor', () => {
  test('is asked of administrators or of everybody, at sign-in, switch and refresh', async () => {
    const { accessToken, sessionId } = await signIn(auth, both, 'home');
    const { refreshToken } = await signIn(auth, strict.admin);
    await configure({ mfa: 'admins' });
    const refused = await logIn(strict.admin);
    expect(outcome(refused)).toEqual(stepUpRequired);
    expect(refused.body.error.details).toMatchObject({ acr: 'idp:aal2' });
    expect(refused.headers['www-authenticate']).toContain('acr_values="idp:aal2"');
    expect(outcome(await refresh(refreshToken))).toEqual(stepUpRequired);
    expect((await logIn(strict.member)).status).toBe(200);
    await configure({ mfa: 'all' });
    expect(outcome(await logIn(strict.member))).toEqual(stepUpRequired);
    expect(outcome(await switchTo(accessToken, strict))).toEqual(stepUpRequired);
    await begunBy(sessionId, 'pwd,otp', 'idp:aal2');
    expect((await switchTo(accessToken, strict)).status).toBe(200);
    await configure({ mfa: 'optional' });
    expect((await logIn(strict.admin)).status).toBe(200);
  });

  test('is asked of one member, who is let in again when it is not', async () => {
    const owner = await callerFor(auth, strict.owner);
    const { refreshToken } = await signIn(auth, strict.member);
    const { accessToken, sessionId } = await signIn(auth, both, 'home');
    const ask = async (userId: string, required: boolean): Promise<void> => {
      expect((await owner.post(`/api/v1/users/${userId}/require-mfa`, { required })).status).toBe(200);
    };
    await ask(strict.member.id, true);
    await ask(both.id, true);
    expect(outcome(await logIn(strict.member))).toEqual(stepUpRequired);
    expect(outcome(await refresh(refreshToken))).toEqual(stepUpRequired);
    expect(outcome(await switchTo(accessToken, strict))).toEqual(stepUpRequired);
    expect((await logIn(strict.viewer)).status).toBe(200);
    expect((await logIn(both, 'home')).status).toBe(200);
    await begunBy(sessionId, 'pwd,otp', 'idp:aal2');
    expect((await switchTo(accessToken, strict)).status).toBe(200);
    await ask(strict.member.id, false);
    await ask(both.id, false);
    expect((await refresh(refreshToken)).status).toBe(200);
  });
});

test('nobody asks of others what his own session has not done; the rest of the settings stays free', async () => {
  const owner = await callerFor(auth, strict.owner);
  const config = `${tenantsPath}/current/config`;
  expect(outcome(await owner.patch(config, { mfa: 'admins' }))).toEqual(stepUpRequired);
  expect(outcome(await owner.patch(config, { sso: { enforced: true } }))).toEqual(ssoRequired);
  expect(outcome(await platform.patch(config, { mfa: 'all' }))).toEqual(stepUpRequired);
  expect((await owner.patch(config, { mfa: 'optional', sso: { enforced: false } })).status).toBe(200);
  await configure({ mfa: 'all' });
  expect((await owner.patch(config, { session: { idleSeconds: 900 } })).status).toBe(200);
  expect((await owner.patch(config, { mfa: null })).status).toBe(200);
  const { sessionId, refreshToken } = await signIn(auth, strict.owner);
  await begunBy(sessionId, 'pwd,otp', 'idp:aal2');
  const strong = (await refresh(refreshToken)).body.data.accessToken;
  const set = await auth.request('PATCH', config, { token: strong, body: { mfa: 'all' } });
  expect(set.body.data.mfa).toBe('all');
});

describe('limits of sessions', () => {
  test('end one that was not refreshed in time, to the second', async () => {
    await configure({ session: { idleSeconds: 600 } });
    const [early, late] = [await signIn(auth, strict.member), await signIn(auth, strict.member)];
    auth.setClock(599_000);
    const next = await refresh(early.refreshToken);
    expect(next.status).toBe(200);
    auth.setClock(600_000);
    expect(outcome(await refresh(late.refreshToken))).toEqual([401, 'INVALID_TOKEN']);
    auth.setClock(1_198_000);
    expect((await refresh(next.body.data.refreshToken)).status).toBe(200);
  });

  test('end every one in the end, however often it is refreshed, and those that began before them', async () => {
    const { refreshToken } = await signIn(auth, strict.member);
    await configure({ session: { maxSeconds: 1_200 } });
    auth.setClock(1_199_000);
    const next = await refresh(refreshToken);
    expect(next.status).toBe(200);
    auth.setClock(1_200_000);
    expect(outcome(await refresh(next.body.data.refreshToken))).toEqual([401, 'INVALID_TOKEN']);
  });

  test('keep out a session whose sign-in is older than that, until the person proves once more who it is', async () => {
    await configure({ session: { maxSeconds: 1_200 } });
    const { refreshToken } = await signIn(auth, both, 'home');
    auth.setClock(1_200_000);
    const { accessToken } = (await refresh(refreshToken)).body.data;
    const refused = await switchTo(accessToken, strict);
    expect(outcome(refused)).toEqual(stepUpRequired);
    expect(refused.body.error.details).toEqual({ acr: 'idp:aal1', maxAgeSeconds: 1_200 });
    const body = { password: both.password };
    expect((await auth.request('POST', '/api/v1/auth/reauthenticate', { token: accessToken, body })).status).toBe(200);
    expect((await switchTo(accessToken, strict)).status).toBe(200);
  });
});

test('only addresses of the domains it names are invited and join', async () => {
  const owner = await callerFor(auth, strict.owner);
  const invite = (email: string): Promise<Answer> => owner.post('/api/v1/users', { email });
  await configure({ signupDomains: ['example.test', 'example.org'] });
  expect((await invite('one@example.test')).status).toBe(201);
  expect((await invite('Two@EXAMPLE.org')).status).toBe(201);
  for (const email of ['one@example.com', 'one@sub.example.test', 'one@badexample.test'])
    expect(outcome(await invite(email))).toEqual([403, 'SIGNUP_CLOSED']);
  await configure({ signupDomains: [] });
  expect((await invite('one@example.com')).status).toBe(201);
});

describe('pages of other origins', () => {
  const origin = 'https://portal.example.test';
  const preflight = (from: string): Promise<Answer> =>
    auth.request('OPTIONS', '/api/v1/users', {
      headers: { origin: from, 'access-control-request-method': 'PATCH' },
    });
  const seen = ({ headers }: Answer) => headers['access-control-allow-origin'];

  test('are answered a preflight when any tenant names them, and read what their own tenant answers', async () => {
    expect(seen(await preflight(origin))).toBeUndefined();
    await configure({ origins: [origin] });
    const answer = await preflight(origin);
    expect([answer.status, seen(answer), answer.headers['access-control-max-age']]).toEqual([204, origin, '600']);
    expect(answer.headers['access-control-allow-headers']).toContain('X-CSRF-Token');
    for (const other of ['null', 'https://portal.example.test.evil.test', 'http://portal.example.test'])
      expect(seen(await preflight(other))).toBeUndefined();
    const me = async (person: Person, tenant: string): Promise<Answer> => {
      const { accessToken: token } = await signIn(auth, person, tenant);
      return auth.request('GET', '/api/v1/auth/me', { token, headers: { origin } });
    };
    const own = await me(strict.member, 'strict');
    expect([seen(own), own.headers['access-control-allow-credentials']]).toEqual([origin, 'true']);
    expect(own.headers['vary']).toContain('Origin');
    const others = await me(home.viewer, 'home');
    expect([others.status, seen(others)]).toEqual([200, undefined]);
    await configure({ origins: null });
    expect(seen(await preflight(origin))).toBeUndefined();
  });

  test('sign in and call by cookie where their tenant names them', async () => {
    await configure({ origins: [origin] });
    const byCookie = (person: Person, tenant: string, from: string): Promise<Answer> =>
      auth.request('POST', '/api/v1/auth/login', {
        body: { email: person.email, password: person.password, tenant, transport: 'cookie' },
        headers: { origin: from, 'sec-fetch-site': 'same-site' },
      });
    const change = async (login: Answer): Promise<Answer> => {
      const cookie = [login.headers['set-cookie'] ?? []]
        .flat()
        .map((line) => line.split(';')[0])
        .join('; ');
      const headers = { origin, 'sec-fetch-site': 'same-site', cookie, 'x-csrf-token': login.body.data.csrfToken };
      return auth.request('POST', '/api/v1/auth/refresh', { headers, body: {} });
    };
    expect(outcome(await byCookie(strict.member, 'strict', 'https://evil.test'))).toEqual([403, 'CSRF_FAILED']);
    const login = await byCookie(strict.member, 'strict', origin);
    expect([login.status, seen(login)]).toEqual([200, origin]);
    expect((await change(login)).status).toBe(200);
    // The origin is another tenant's: its page may ask, but not act for somebody of this one.
    expect(outcome(await change(await byCookie(home.viewer, 'home', origin)))).toEqual([403, 'CSRF_FAILED']);
  });
});
