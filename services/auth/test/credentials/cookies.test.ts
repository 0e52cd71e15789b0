import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Answer } from '../support/http-client.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

let auth: RunningAuth;
let a: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(() => auth.setClock());

interface Browser {
  /** Value of the header `Cookie`. */
  cookie: string;
  csrf: string;
}

function cookiesOf(answer: Answer): Map<string, { value: string; line: string }> {
  const lines = (answer.headers['set-cookie'] ?? []) as string[];
  return new Map(lines.map((line) => [line.split('=')[0]!, { value: line.split(';')[0]!.split('=')[1]!, line }]));
}

function browserOf(answer: Answer): Browser {
  const cookies = cookiesOf(answer);
  const cookie = ['idp_at', 'idp_rt', 'idp_csrf'].map((name) => `${name}=${cookies.get(name)!.value}`).join('; ');
  return { cookie, csrf: answer.body.data.csrfToken };
}

const login = (headers: Record<string, string> = {}) =>
  auth.request('POST', '/api/v1/auth/login', {
    body: { email: a.member.email, password: a.member.password, transport: 'cookie' },
    headers,
  });
const post = (path: string, headers: Record<string, string>, body?: unknown) =>
  auth.request('POST', `/api/v1/auth/${path}`, { headers, ...(body !== undefined && { body }) });
const codeOf = ({ status, body }: Answer): string | number => body?.error?.code ?? status;

test('sign-in sets three cookies and shows no token', async () => {
  const answer = await login();
  expect(answer.status).toBe(200);
  const cookies = cookiesOf(answer);
  expect(cookies.get('idp_at')!.line).toMatch(/; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax$/);
  expect(cookies.get('idp_rt')!.line).toMatch(/; Path=\/api\/v1\/auth; Max-Age=604800; HttpOnly; SameSite=Lax$/);
  expect(cookies.get('idp_csrf')!.line).not.toContain('HttpOnly');
  expect(cookies.get('idp_csrf')!.value).toBe(answer.body.data.csrfToken);
  expect(answer.body.data).not.toHaveProperty('accessToken');
  expect(answer.body.data).not.toHaveProperty('refreshToken');
  const { rows } = await auth.sql.query('select csrf_hash from auth.sessions where csrf_hash is not null');
  expect(JSON.stringify(rows)).not.toContain(answer.body.data.csrfToken);
});

test('over HTTPS they have their prefixes and are sent over HTTPS alone', async () => {
  const { createSessionCookies } = await import('../../src/routes/session-cookies.ts');
  const lines: string[] = [];
  const reply = { header: (_name: string, line: string) => void lines.push(line) };
  const cookies = createSessionCookies({ ...auth.ctx, publicUrl: 'https://idp.test' });
  cookies.set(reply as never, { accessToken: 'at', refreshToken: 'rt' }, 'value');
  expect(lines).toEqual([
    '__Host-idp_at=at; Path=/; Max-Age=900; HttpOnly; SameSite=Lax; Secure',
    '__Secure-idp_rt=rt; Path=/api/v1/auth; Max-Age=604800; HttpOnly; SameSite=Lax; Secure',
    '__Host-idp_csrf=value; Path=/; Max-Age=2592000; SameSite=Lax; Secure',
  ]);
});

test('a page of another origin signs nobody in', async () => {
  expect(codeOf(await login({ origin: 'https://evil.test' }))).toBe('CSRF_FAILED');
  expect(codeOf(await login({ 'sec-fetch-site': 'cross-site' }))).toBe('CSRF_FAILED');
  expect(codeOf(await login({ origin: auth.publicUrl }))).toBe(200);
});

test('nothing that was sent before sign-in survives it', async () => {
  const planted = await signIn(auth, a.owner);
  const answer = await login({ cookie: `idp_at=${planted.accessToken}; idp_rt=${planted.refreshToken}` });
  const { cookie } = browserOf(answer);
  expect(cookie).not.toContain(planted.sessionId);
  const me = await auth.request('GET', '/api/v1/auth/me', { headers: { cookie } });
  expect(me.body.data.email).toBe(a.member.email);
});

test('the page reads who is signed in and its CSRF value', async () => {
  const { cookie, csrf } = browserOf(await login());
  const me = await auth.request('GET', '/api/v1/auth/me', { headers: { cookie } });
  expect(me.body.data).toMatchObject({ email: a.member.email, csrfToken: csrf });
  const swapped = cookie.replace(/idp_csrf=.*/, 'idp_csrf=another');
  const other = await auth.request('GET', '/api/v1/auth/me', { headers: { cookie: swapped } });
  expect(other.body.data).not.toHaveProperty('csrfToken');
});

test('renewal by cookie needs the CSRF value, changes the cookies and keeps the value', async () => {
  const { cookie, csrf } = browserOf(await login());
  expect(codeOf(await post('refresh', { cookie }, {}))).toBe('CSRF_FAILED');
  expect(codeOf(await post('refresh', { cookie, 'x-csrf-token': 'guess' }, {}))).toBe('CSRF_FAILED');
  const evil = { cookie, 'x-csrf-token': csrf, origin: 'https://evil.test' };
  expect(codeOf(await post('refresh', evil, {}))).toBe('CSRF_FAILED');
  const answer = await post('refresh', { cookie, 'x-csrf-token': csrf }, {});
  expect(answer.status).toBe(200);
  expect(answer.body.data).toEqual({ expiresIn: 900, csrfToken: csrf });
  const next = browserOf(answer);
  expect(next.cookie).not.toBe(cookie);
  expect(codeOf(await post('refresh', { cookie: next.cookie, 'x-csrf-token': next.csrf }, {}))).toBe(200);
});

test('a refresh token in the body and in the cookie, or in neither, is 400', async () => {
  const { cookie, csrf } = browserOf(await login());
  const { refreshToken } = await signIn(auth, a.owner);
  expect(codeOf(await post('refresh', { cookie, 'x-csrf-token': csrf }, { refreshToken }))).toBe('VALIDATION_ERROR');
  expect(codeOf(await post('refresh', {}, {}))).toBe('VALIDATION_ERROR');
  const twice = { cookie: `${cookie}; ${cookie}`, 'x-csrf-token': csrf };
  expect(codeOf(await post('refresh', twice, {}))).toBe('VALIDATION_ERROR');
});

test('sign-out needs the CSRF value of this session and clears the cookies', async () => {
  const [own, other] = [browserOf(await login()), browserOf(await login())];
  expect(codeOf(await post('logout', { cookie: own.cookie }))).toBe('CSRF_FAILED');
  expect(codeOf(await post('logout', { cookie: own.cookie, 'x-csrf-token': other.csrf }))).toBe('CSRF_FAILED');
  const crossSite = { cookie: own.cookie, 'x-csrf-token': own.csrf, 'sec-fetch-site': 'cross-site' };
  expect(codeOf(await post('logout', crossSite))).toBe('CSRF_FAILED');
  const answer = await post('logout', { cookie: own.cookie, 'x-csrf-token': own.csrf });
  expect(answer.status).toBe(204);
  expect([...cookiesOf(answer).values()].map(({ line }) => /=; .*Max-Age=0;/.test(line))).toEqual([true, true, true]);
  expect(codeOf(await auth.request('GET', '/api/v1/auth/me', { headers: { cookie: own.cookie } }))).toBe(
    'INVALID_TOKEN',
  );
});

test('a fresh proof comes back in the cookie too', async () => {
  const { cookie, csrf } = browserOf(await login());
  const answer = await post('reauthenticate', { cookie, 'x-csrf-token': csrf }, { password: a.member.password });
  expect(answer.body.data).toEqual({ expiresIn: 900 });
  expect([...cookiesOf(answer).keys()]).toEqual(['idp_at']);
});
