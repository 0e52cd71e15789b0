import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { addMember } from '../src/operations/add-member.ts';
import { makeTenant, signIn, type TestTenant } from './support/people.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(() => auth.setClock());

const me = (token?: string) => auth.request('GET', '/api/v1/auth/me', token === undefined ? {} : { token });

test('the caller sees its profile, tenant, roles and memberships', async () => {
  const { accessToken, sessionId } = await signIn(auth, a.member);
  const answer = await me(accessToken);
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  const tenant = { id: a.id, slug: 'acme', name: 'acme', status: 'active' };
  expect(answer.body.data).toEqual({
    id: a.member.id,
    email: a.member.email,
    emailVerified: true,
    name: a.member.name,
    avatarUrl: null,
    locale: null,
    timezone: null,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    sessionId,
    acr: 'idp:aal1',
    amr: ['pwd'],
    tenant,
    roles: ['member'],
    memberships: [tenant],
  });
  expect(answer.body.meta).toEqual({ requestId: expect.any(String), traceId: expect.any(String) });
});

test('each of the four roles shows', async () => {
  for (const [person, role] of [
    [a.owner, 'tenant-owner'],
    [a.admin, 'tenant-admin'],
    [a.viewer, 'viewer'],
  ] as const) {
    expect((await me((await signIn(auth, person)).accessToken)).body.data.roles).toEqual([role]);
  }
});

test('roles are those of the token’s tenant', async () => {
  await addMember(auth.ctx, { tenantId: b.id, userId: a.viewer.id, role: 'tenant-admin', reason: 'seed' });
  const here = await me((await signIn(auth, a.viewer, 'acme')).accessToken);
  const there = await me((await signIn(auth, a.viewer, 'bolt')).accessToken);
  expect(here.body.data).toMatchObject({ tenant: { slug: 'acme' }, roles: ['viewer'] });
  expect(there.body.data).toMatchObject({ tenant: { slug: 'bolt' }, roles: ['tenant-admin'] });
  expect(there.body.data.memberships.map(({ slug }: { slug: string }) => slug)).toEqual(['acme', 'bolt']);
});

test('a role that has expired is gone at that very millisecond', async () => {
  const { accessToken } = await signIn(auth, a.admin);
  const expiry = new Date(auth.clock().getTime() + 1_000);
  await auth.sql.query('update auth.role_bindings set expires_at = $2 where principal_id = $1', [a.admin.id, expiry]);
  auth.setClock(999);
  expect((await me(accessToken)).body.data.roles).toEqual(['tenant-admin']);
  auth.setClock(1_000);
  expect((await me(accessToken)).body.data.roles).toEqual([]);
  await auth.sql.query('update auth.role_bindings set expires_at = null where principal_id = $1', [a.admin.id]);
});

test('without a token, with an expired and with a broken one it is 401', async () => {
  expect((await me()).body.error.code).toBe('AUTH_REQUIRED');
  auth.setClock(-1_000_000);
  const { accessToken: expired } = await signIn(auth, a.member);
  auth.setClock();
  const { accessToken } = await signIn(auth, a.member);
  const broken = [expired, `${accessToken}x`, accessToken.slice(0, -1), `${accessToken}.`, 'x'];
  for (const token of broken) {
    const answer = await me(token);
    expect(answer.status).toBe(401);
    expect(answer.body.error).toEqual({ code: 'INVALID_TOKEN', message: 'The access token is not valid' });
  }
});

test('an ended membership and a disabled account are 401', async () => {
  const { accessToken } = await signIn(auth, b.member);
  await auth.sql.query("update auth.users set status = 'disabled' where id = $1", [b.member.id]);
  expect((await me(accessToken)).status).toBe(401);
  await auth.sql.query("update auth.users set status = 'active' where id = $1", [b.member.id]);
  await auth.sql.query("update auth.user_tenants set status = 'removed' where user_id = $1", [b.member.id]);
  expect((await me(accessToken)).status).toBe(401);
});

test('an unknown query parameter is 400', async () => {
  const { accessToken } = await signIn(auth, a.member);
  const answer = await auth.request('GET', '/api/v1/auth/me?access_token=1', { token: accessToken });
  expect(answer.status).toBe(400);
});
