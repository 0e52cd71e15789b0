import { newId, platformTenantId } from '@idp/contracts';
import { afterAll, beforeEach, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, testOwner, type RunningAuth } from '../support/running-auth.ts';

const path = '/api/v1/auth/tenants';
const day = 86_400_000;

let auth: RunningAuth;
let a: TestTenant;
let owner: Caller;
let member: Caller;
let platform: Caller;
let count = 0;

beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(async () => {
  auth.setClock();
  a = await makeTenant(auth, `acme-${(count += 1)}`);
  [owner, member, platform] = await Promise.all([
    callerFor(auth, a.owner),
    callerFor(auth, a.member),
    callerFor(auth, testOwner, 'platform'),
  ]);
});

test('the platform stops a tenant and lets it go on; nobody else can', async () => {
  const { refreshToken } = await signIn(auth, a.member);
  const refresh = () => auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
  expect(outcome(await owner.post(`${path}/${a.id}/suspend`))).toEqual([403, 'PERMISSION_DENIED']);
  expect((await platform.post(`${path}/${a.id}/suspend`, { reason: 'unpaid' })).body.data.status).toBe('suspended');
  expect((await member.get('/api/v1/teams')).status).toBe(403);
  expect(outcome(await refresh())).toEqual([403, 'TENANT_SUSPENDED']);
  expect(outcome(await platform.post(`${path}/${a.id}/suspend`))).toEqual([409, 'INVALID_STATE']);
  expect((await platform.post(`${path}/${a.id}/resume`)).body.data.status).toBe('active');
  expect((await member.get('/api/v1/teams')).status).toBe(200);
  expect((await refresh()).status).toBe(200);
  expect(outcome(await platform.post(`${path}/${platformTenantId}/suspend`))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await platform.post(`${path}/${newId()}/suspend`))).toEqual([404, 'NOT_FOUND']);
  const told = (await eventsOfType(auth.sql, 'idp.auth.v1.TenantSuspended')).filter(
    ({ tenantId }) => tenantId === a.id,
  );
  expect(told).toMatchObject([{ data: { slug: a.slug, reason: 'unpaid' } }]);
  expect(await audits(auth, { action: 'auth:tenant:suspend', resourceId: a.id })).toMatchObject([{ reason: 'unpaid' }]);
});

test('an owner who has just signed in closes the tenant by typing its slug; the platform takes it back', async () => {
  const admin = await callerFor(auth, a.admin);
  expect(outcome(await admin.delete(`${path}/current?slug=${a.slug}`))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await owner.delete(`${path}/current?slug=other`))).toEqual([422, 'REFERENCE_INVALID']);
  auth.setClock(6 * 60_000);
  expect(outcome(await owner.delete(`${path}/current?slug=${a.slug}`))).toEqual([403, 'STEP_UP_REQUIRED']);
  auth.setClock();
  const closed = await owner.delete(`${path}/current?slug=${a.slug}`);
  expect(closed.body.data).toMatchObject({ status: 'deleting' });
  expect(Date.parse(closed.body.data.deleteAfter)).toBe(auth.clock().getTime() + 30 * day);
  expect(outcome(await owner.get('/api/v1/teams'))).toEqual([401, 'INVALID_TOKEN']);
  const again = { email: a.owner.email, password: a.owner.password };
  expect(outcome(await auth.request('POST', '/api/v1/auth/login', { body: again }))).toEqual([
    401,
    'INVALID_CREDENTIALS',
  ]);
  expect(outcome(await platform.patch(`${path}/${a.id}`, { name: 'x' }))).toEqual([409, 'INVALID_STATE']);
  expect((await platform.post(`${path}/${a.id}/restore`)).body.data).toMatchObject({
    status: 'active',
    deleteAfter: null,
  });
  expect(outcome(await platform.post(`${path}/${a.id}/restore`))).toEqual([409, 'INVALID_STATE']);
  const back = await callerFor(auth, a.owner);
  expect((await back.get('/api/v1/teams')).status).toBe(200);
  const told = (await eventsOfType(auth.sql, 'idp.auth.v1.TenantDeletionScheduled')).filter(
    ({ tenantId }) => tenantId === a.id,
  );
  expect(told).toHaveLength(1);
  expect(await audits(auth, { action: 'auth:tenant:delete', resourceId: a.id })).toHaveLength(1);
});
