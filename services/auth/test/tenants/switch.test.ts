import { newId } from '@idp/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addMember } from '../../src/operations/add-member.ts';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { startAuth, testOwner, type RunningAuth } from '../support/running-auth.ts';

const path = '/api/v1/auth/tenants';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;
let platform: Caller;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
  await addMember(auth.ctx, { tenantId: b.id, userId: a.member.id, role: 'viewer', reason: 'seed' });
  platform = await callerFor(auth, testOwner, 'platform');
});
afterAll(() => auth?.[Symbol.asyncDispose]());

const inA = () => signIn(auth, a.member, 'acme');
const as = (token: string, method: string, target: string, body?: unknown) =>
  auth.request(method, target, { token, ...(body !== undefined && { body }) });
const switchTo = (token: string, tenantId: string) => as(token, 'POST', `${path}/${tenantId}/switch`);
const refresh = (refreshToken: string, more: object = {}) =>
  auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken, ...more } });

test('a person sees its tenants and the one a sign-in would open', async () => {
  const { accessToken } = await inA();
  const all = await as(accessToken, 'GET', path);
  expect(all.body.data).toMatchObject({
    tenants: [
      { id: a.id, slug: 'acme', status: 'active' },
      { id: b.id, slug: 'bolt', status: 'active' },
    ],
    resolution: { tenantId: a.id, reason: 'last-used' },
  });
  const named = await as(accessToken, 'GET', `${path}?tenant=bolt`);
  expect(named.body.data.resolution).toEqual({ tenantId: b.id, reason: 'request' });
  const unknown = await as(accessToken, 'GET', `${path}?tenant=elsewhere`);
  expect(unknown.body.data.resolution).toBeNull();
  const only = await callerFor(auth, b.owner);
  expect((await only.get(path)).body.data).toMatchObject({
    tenants: [{ id: b.id }],
    resolution: { tenantId: b.id, reason: 'only' },
  });
});

test('a session goes to another tenant; the token of the first opens that one alone', async () => {
  const { accessToken, refreshToken, sessionId } = await inA();
  const moved = await switchTo(accessToken, b.id);
  expect(moved.body.data).toMatchObject({ tenant: { id: b.id, slug: 'bolt' }, expiresIn: 900 });
  const { accessToken: there, refreshToken: next } = moved.body.data;
  expect(next.split('.')[1]).toBe(sessionId);
  expect((await as(there, 'GET', '/api/v1/auth/me')).body.data.tenant.id).toBe(b.id);
  expect((await as(accessToken, 'GET', '/api/v1/auth/me')).body.data.tenant.id).toBe(a.id);
  expect(await audits(auth, { action: 'auth:session:switch', resourceId: sessionId })).toMatchObject([
    { tenant_id: b.id },
  ]);
  // The tab that did not switch believes something else; a lost answer gets the present pair again.
  expect(outcome(await refresh(next, { tenantId: a.id }))).toEqual([409, 'CONFLICT']);
  const repeated = await refresh(refreshToken);
  expect((await as(repeated.body.data.accessToken, 'GET', '/api/v1/auth/me')).body.data.tenant.id).toBe(b.id);
  expect((await refresh(next, { tenantId: b.id })).status).toBe(200);
  expect(outcome(await switchTo(accessToken, b.id))).toEqual([409, 'CONFLICT']);
});

test('a tenant of others is one that does not exist; a stopped one says so to its members', async () => {
  const { accessToken } = await inA();
  const outsider = await callerFor(auth, a.viewer);
  for (const id of [b.id, newId()])
    expect(outcome(await outsider.post(`${path}/${id}/switch`, null))).toEqual([404, 'NOT_FOUND']);
  await platform.post(`${path}/${b.id}/suspend`);
  expect(outcome(await switchTo(accessToken, b.id))).toEqual([403, 'TENANT_SUSPENDED']);
  await platform.post(`${path}/${b.id}/resume`);
  expect((await switchTo(accessToken, b.id)).status).toBe(200);
});

test('a session that has ended goes nowhere, and a key has none', async () => {
  const { accessToken, sessionId } = await inA();
  const expiresAt = new Date(auth.clock().getTime() + 86_400_000).toISOString();
  const made = await as(accessToken, 'POST', '/api/v1/api-keys', { name: 'k', scopes: [], expiresAt });
  const { key } = made.body.data;
  expect(outcome(await switchTo(key, b.id))).toEqual([403, 'PERMISSION_DENIED']);
  expect((await as(key, 'GET', path)).body.data.tenants).toMatchObject([{ id: a.id }]);
  await auth.sql.query('update auth.sessions set revoked_at = now(), revoked_reason = $2 where id = $1', [
    sessionId,
    'user',
  ]);
  expect(outcome(await switchTo(accessToken, b.id))).toEqual([401, 'INVALID_TOKEN']);
});

test('a browser gets the next pair in its cookies', async () => {
  const login = await auth.request('POST', '/api/v1/auth/login', {
    body: { email: a.member.email, password: a.member.password, tenant: 'acme', transport: 'cookie' },
    headers: { origin: auth.publicUrl },
  });
  const jar = cookiesOf(login.headers);
  const moved = await auth.request('POST', `${path}/${b.id}/switch`, {
    headers: { origin: auth.publicUrl, cookie: jar.header, 'x-csrf-token': login.body.data.csrfToken },
  });
  expect(moved.body.data).toEqual({
    expiresIn: 900,
    csrfToken: login.body.data.csrfToken,
    tenant: expect.objectContaining({ id: b.id }),
  });
  const next = cookiesOf(moved.headers);
  const me = await auth.request('GET', '/api/v1/auth/me', { headers: { cookie: next.header } });
  expect(me.body.data.tenant.id).toBe(b.id);
});

function cookiesOf(headers: Readonly<Record<string, string | string[] | undefined>>): { header: string } {
  const lines = [headers['set-cookie'] ?? []].flat();
  return { header: lines.map((line) => line.split(';')[0]).join('; ') };
}
