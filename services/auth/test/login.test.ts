import { decodeJwt, decodeProtectedHeader } from 'jose';
import { platformTenantId } from '@idp/contracts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTenant } from '../src/operations/create-tenant.ts';
import { addMember } from '../src/operations/add-member.ts';
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

const login = (body: unknown) => auth.request('POST', '/api/v1/auth/login', { body });

test('the right password opens a session with a token of 900 s and no roles inside', async () => {
  const answer = await login({ email: a.member.email, password });
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  const { accessToken, refreshToken, ...rest } = answer.body.data;
  expect(rest).toEqual({
    expiresIn: 900,
    user: { id: a.member.id, email: a.member.email, name: a.member.name },
    tenant: { id: a.id, slug: 'acme', name: 'acme' },
    resolution: { tenantId: a.id, reason: 'only' },
  });
  expect(refreshToken).toMatch(/^r1\.[0-9a-f-]{36}\.0\.[\w-]{43}$/);
  expect(accessToken.length).toBeLessThanOrEqual(1024);
  expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'EdDSA', kid: expect.any(String), typ: 'at+jwt' });
  const claims = decodeJwt(accessToken);
  expect(claims).toEqual({
    iss: auth.publicUrl,
    aud: `${auth.publicUrl}/api`,
    sub: a.member.id,
    sty: 'user',
    tid: a.id,
    sid: refreshToken.split('.')[1],
    jti: expect.any(String),
    iat: expect.any(Number),
    exp: claims.iat! + 900,
    auth_time: claims.iat,
    amr: ['pwd'],
    acr: 'idp:aal1',
    pv: expect.any(Number),
    ep: 0,
  });
});

test('a sign-in leaves a session row, an audit row and an event, made by the person itself', async () => {
  const answer = await login({ email: a.owner.email, password });
  const sessionId = answer.body.data.refreshToken.split('.')[1];
  const { rows } = await auth.sql.query(
    'select user_id, tenant_id, counter, user_agent, host(ip) as ip from auth.sessions where id = $1',
    [sessionId],
  );
  expect(rows).toEqual([
    { user_id: a.owner.id, tenant_id: a.id, counter: '0', user_agent: 'auth-test', ip: '127.0.0.1' },
  ]);
  expect(await audits(auth, { resourceId: sessionId })).toMatchObject([
    { tenant_id: a.id, action: 'auth:session:create', outcome: 'succeeded', actor: `user:${a.owner.id}` },
  ]);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.SessionCreated');
  const event = events.find(({ data }) => data.sessionId === sessionId);
  expect(event).toMatchObject({
    tenantId: a.id,
    sequence: 1,
    actor: `user:${a.owner.id}`,
    data: { userId: a.owner.id, amr: ['pwd'] },
  });
});

test('the address counts in any case of letters', async () => {
  const answer = await login({ email: a.member.email.toUpperCase(), password });
  expect(answer.body.data.user.id).toBe(a.member.id);
});

test('every failure has one status and one body', async () => {
  const disabled = a.viewer;
  await auth.sql.query("update auth.users set status = 'disabled' where id = $1", [disabled.id]);
  const attempts = {
    'unknown address': { email: 'nobody@acme.test', password },
    'wrong password': { email: a.member.email, password: `${password}!` },
    'account disabled': { email: disabled.email, password },
    'not a member': { email: a.member.email, password, tenant: 'bolt' },
  };
  for (const [reason, body] of Object.entries(attempts)) {
    const answer = await login(body);
    expect(answer.status).toBe(401);
    expect(answer.body.error).toEqual({ code: 'INVALID_CREDENTIALS', message: 'The credentials are not valid' });
    expect(Object.keys(answer.body)).toEqual(['error', 'meta']);
    expect(await audits(auth, { action: 'auth:session:create', outcome: 'denied', reason })).toMatchObject([
      { tenant_id: platformTenantId },
    ]);
  }
  await auth.sql.query("update auth.users set status = 'active' where id = $1", [disabled.id]);
});

test('an address nobody has is kept as a fingerprint, not as text', async () => {
  await login({ email: 'somebody-secret@acme.test', password });
  const { rows } = await auth.sql.query("select * from auth.audit_log where audit_log::text like '%somebody-secret%'");
  expect(rows).toEqual([]);
});

test.each([
  ['no body', undefined],
  ['no password', { email: 'a@b.test' }],
  ['password as list', { email: 'a@b.test', password: ['a', 'b'] }],
  ['password of 257 characters', { email: 'a@b.test', password: 'p'.repeat(257) }],
  ['a further member', { email: 'a@b.test', password, role: 'tenant-owner' }],
  ['no address', { email: 'a', password }],
  ['a quoted local part', { email: '"a"@b.test', password }],
  ['an unknown transport', { email: 'a@b.test', password, transport: 'pigeon' }],
])('%s is 400', async (_name, body) => {
  const answer = await login(body);
  expect(answer.status).toBe(400);
  expect(answer.body.error.code).toBe('VALIDATION_ERROR');
});

test('an unknown query parameter is 400, a body above 16 KiB is 413', async () => {
  const body = { email: a.member.email, password };
  expect((await auth.request('POST', '/api/v1/auth/login?tenant=acme', { body })).status).toBe(400);
  expect((await login({ ...body, tenant: 'x'.repeat(17_000) })).status).toBe(413);
});

test('with several tenants the last used one is chosen unless one is named', async () => {
  await addMember(auth.ctx, { tenantId: b.id, userId: a.admin.id, role: 'viewer', reason: 'seed' });
  const first = await login({ email: a.admin.email, password });
  expect(first.body.data.resolution).toEqual({ tenantId: b.id, reason: 'last-used' });
  const named = await login({ email: a.admin.email, password, tenant: 'acme' });
  expect(named.body.data.resolution).toEqual({ tenantId: a.id, reason: 'request' });
  auth.setClock(1_000);
  const byId = await login({ email: a.admin.email, password, tenant: a.id });
  expect(byId.body.data.resolution).toEqual({ tenantId: a.id, reason: 'request' });
  expect((await login({ email: a.admin.email, password })).body.data.resolution.tenantId).toBe(a.id);
});

test('the platform tenant opens by name and to its members only', async () => {
  const byName = await login({ email: auth.owner.email, password: auth.owner.password, tenant: 'platform' });
  expect(byName.body.data.tenant).toMatchObject({ id: platformTenantId, slug: 'platform' });
  const unnamed = await login({ email: auth.owner.email, password: auth.owner.password });
  expect(unnamed.body.data.tenant.slug).toBe('default');
  expect((await login({ email: a.owner.email, password, tenant: 'platform' })).status).toBe(401);
});

test('a suspended tenant is named after a right password only', async () => {
  const { tenantId } = await createTenant(auth.ctx, { slug: 'paused', name: 'Paused', ownerUserId: b.viewer.id });
  await auth.sql.query("update auth.tenants set status = 'suspended' where id = $1", [tenantId]);
  const answer = await login({ email: b.viewer.email, password, tenant: 'paused' });
  expect(answer.status).toBe(403);
  expect(answer.body.error.code).toBe('TENANT_SUSPENDED');
  expect((await login({ email: b.viewer.email, password: 'wrong wrong wrong', tenant: 'paused' })).status).toBe(401);
});

test('a hash with other parameters is renewed by a sign-in', async () => {
  const phcOf = async () => {
    const { rows } = await auth.sql.query('select phc from auth.user_passwords where user_id = $1', [b.member.id]);
    return rows[0].phc as string;
  };
  const old = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  await auth.sql.query('update auth.user_passwords set phc = $2 where user_id = $1', [b.member.id, old]);
  expect((await login({ email: b.member.email, password: 'password' })).status).toBe(200);
  expect(await phcOf()).toMatch(/^\$argon2id\$v=19\$m=8192,t=1,p=1\$/);
  expect((await login({ email: b.member.email, password: 'password' })).status).toBe(200);
});

test('the 51st session ends the oldest', async () => {
  const sessions: string[] = [];
  for (let index = 0; index < 51; index += 1) {
    auth.setClock(index * 1_000);
    const answer = await login({ email: b.owner.email, password });
    sessions.push(answer.body.data.refreshToken);
  }
  const { rows } = await auth.sql.query(
    'select id, revoked_reason from auth.sessions where user_id = $1 order by created_at',
    [b.owner.id],
  );
  expect(rows).toHaveLength(51);
  expect(rows.map((row) => row.revoked_reason)).toEqual(['limit', ...Array.from({ length: 50 }, () => null)]);
  const refresh = (refreshToken: string) => auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
  expect((await refresh(sessions[0]!)).status).toBe(401);
  expect((await refresh(sessions[1]!)).status).toBe(200);
  const revoked = await eventsOfType(auth.sql, 'idp.auth.v1.SessionRevoked');
  expect(revoked.filter(({ data }) => data.userId === b.owner.id)).toMatchObject([
    { sequence: 2, data: { reason: 'limit' } },
  ]);
});

test('more sign-ins than the gate takes are 503 HASH_BUSY with Retry-After, and the rest succeed', async () => {
  await using narrow = await startAuth({ env: { HASH_CONCURRENCY: '1', HASH_QUEUE: '1' } });
  const body = { email: narrow.owner.email, password: narrow.owner.password };
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => narrow.request('POST', '/api/v1/auth/login', { body })),
  );
  const busy = answers.filter(({ status }) => status === 503);
  expect(busy.length).toBeGreaterThan(0);
  for (const { body: answer, headers } of busy) {
    expect(answer.error.code).toBe('HASH_BUSY');
    expect(headers['retry-after']).toBe('1');
  }
  expect(answers.length - busy.length).toBeGreaterThanOrEqual(2);
  expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true);
});
