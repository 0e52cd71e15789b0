import { newId, platformTenantId } from '@idp/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addMember } from '../src/operations/add-member.ts';
import { registerMember } from '../src/operations/register-member.ts';
import { callerFor, outcome, type Caller } from './support/administration.ts';
import { audits } from './support/auth-database.ts';
import { makeTenant, password, signIn, type Person, type TestTenant } from './support/people.ts';
import { eventsOfType } from './support/published-events.ts';
import { startAuth, testOwner, type RunningAuth } from './support/running-auth.ts';

const path = '/api/v1/users';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;
let owner: Caller;
let admin: Caller;
let member: Caller;
let stranger: Caller;
let platform: Caller;
let counter = 0;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
  [owner, admin, member, stranger, platform] = await Promise.all([
    callerFor(auth, a.owner),
    callerFor(auth, a.admin),
    callerFor(auth, a.member),
    callerFor(auth, b.owner),
    callerFor(auth, testOwner, 'platform'),
  ]);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

/** Somebody new in the tenant. */
async function person(
  role: 'viewer' | 'member' | 'tenant-admin' | 'tenant-owner' = 'member',
  tenant = a,
): Promise<Person> {
  counter += 1;
  const account = { email: `Person.${counter}@example.test`, name: `Émile ${counter}`, password };
  const { userId } = await registerMember(auth.ctx, { tenantId: tenant.id, role, reason: 'seed', ...account });
  return { id: userId, ...account };
}

test('the people of a tenant are listed by address, with their roles, by every filter', async () => {
  const all = await member.get(`${path}?limit=100`);
  const shown = all.body.data as { id: string; email: string; roles: string[] }[];
  expect(shown.find(({ id }) => id === a.admin.id)).toMatchObject({ email: a.admin.email, roles: ['tenant-admin'] });
  const addresses = shown.map(({ email }) => email.toLowerCase());
  expect(addresses).toEqual(addresses.toSorted());
  const ids = async (query: string) =>
    ((await member.get(`${path}?${query}`)).body.data as { id: string }[]).map(({ id }) => id);
  const someone = await person();
  expect(await ids('role=tenant-owner')).toEqual([a.owner.id]);
  expect(await ids(`q=${encodeURIComponent(someone.email.toLowerCase().slice(0, 8))}`)).toContain(someone.id);
  expect(await ids(`q=${encodeURIComponent('éMILE')}`)).toContain(someone.id);
  expect(await ids('q=mile')).toEqual([]);
  expect(await ids('q=%25')).toEqual([]);
  const team = await admin.make('/api/v1/teams', { slug: 'filter', name: 'Filter' });
  await admin.put(`/api/v1/teams/${team.id}/members/${someone.id}`, { role: 'member' });
  expect(await ids(`teamId=${team.id}`)).toEqual([someone.id]);
  expect(await ids(`organizationId=${(team as unknown as { organizationId: string }).organizationId}`)).toEqual([
    someone.id,
  ]);
  expect((await member.get(`${path}/${someone.id}`)).body.data).toMatchObject({
    id: someone.id,
    name: someone.name,
    roles: ['member'],
    teams: [{ id: team.id, role: 'member' }],
  });
  await admin.post(`${path}/${someone.id}/suspend`);
  expect(await ids('status=suspended')).toEqual([someone.id]);
  expect((await member.get(`${path}?status=removed`)).status).toBe(400);
});

test('a role shows at once, in the next decision and in the event', async () => {
  const someone = await person('viewer');
  const theirs = await callerFor(auth, someone);
  const wanted = { slug: 'by-role', name: 'By role' };
  expect((await theirs.post('/api/v1/teams', wanted)).status).toBe(403);
  const changed = await owner.patch(`${path}/${someone.id}`, { role: 'tenant-admin', name: 'Emil' });
  expect(changed.body.data).toMatchObject({ roles: ['tenant-admin'], name: 'Emil', version: 2 });
  expect((await theirs.post('/api/v1/teams', wanted)).status).toBe(201);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.MemberUpdated');
  expect(events.filter(({ data }) => data.userId === someone.id)).toMatchObject([
    { sequence: 2, tenantId: a.id, data: { role: 'tenant-admin', displayName: 'Emil' } },
  ]);
  const again = await owner.patch(`${path}/${someone.id}`, { role: 'tenant-admin' }, { 'if-match': '"2"' });
  expect([again.status, again.body.data.version]).toEqual([200, 2]);
  expect(outcome(await owner.patch(`${path}/${someone.id}`, { name: 'x' }, { 'if-match': '"1"' }))[0]).toBe(412);
});

test('nobody gives or takes what they do not hold', async () => {
  const [someone, other] = [await person(), await person('tenant-owner')];
  for (const answer of [
    await admin.patch(`${path}/${someone.id}`, { role: 'tenant-owner' }),
    await admin.patch(`${path}/${other.id}`, { role: 'member' }),
    await admin.post(`${path}/${other.id}/suspend`),
    await admin.delete(`${path}/${other.id}`),
  ]) {
    expect(outcome(answer)).toEqual([403, 'SCOPE_ESCALATION']);
  }
  expect(outcome(await owner.patch(`${path}/${someone.id}`, { role: 'platform-admin' }))).toEqual([
    422,
    'REFERENCE_INVALID',
  ]);
  expect(outcome(await member.patch(`${path}/${someone.id}`, { role: 'viewer' }))).toEqual([403, 'PERMISSION_DENIED']);
  expect((await owner.delete(`${path}/${other.id}`)).status).toBe(204);
});

test('two owners who demote each other leave one; the last one cannot go, be suspended or be disabled', async () => {
  const tenant = await makeTenant(auth, `owners-${newId().slice(-6)}`);
  const second = await person('tenant-owner', tenant);
  const callers = [await callerFor(auth, tenant.owner), await callerFor(auth, second)];
  const answers = await Promise.all([
    callers[0]!.patch(`${path}/${second.id}`, { role: 'member' }),
    callers[1]!.patch(`${path}/${tenant.owner.id}`, { role: 'member' }),
  ]);
  const left =
    answers[0]!.status === 200 ? { caller: callers[0]!, id: tenant.owner.id } : { caller: callers[1]!, id: second.id };
  // The one who waited has lost its own role by then, or finds that it would take the last one.
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)[0]).toBe(200);
  expect([403, 409]).toContain(answers.map(({ status }) => status).toSorted((a, b) => a - b)[1]);
  for (const answer of [
    await left.caller.patch(`${path}/${left.id}`, { role: 'member' }),
    await left.caller.delete(`${path}/${left.id}`),
    await left.caller.post(`${path}/${left.id}/suspend`),
    await platform.post(`${path}/${left.id}/disable`),
  ]) {
    expect(outcome(answer)).toEqual([409, 'LAST_OWNER']);
  }
});

test('a suspended member is out at once and comes back', async () => {
  const someone = await person();
  const { refreshToken, accessToken } = await signIn(auth, someone);
  const get = () => auth.request('GET', path, { token: accessToken });
  expect((await get()).status).toBe(200);
  const suspended = await admin.post(`${path}/${someone.id}/suspend`, { reason: 'on leave' });
  expect([suspended.status, suspended.body.data.status]).toEqual([200, 'suspended']);
  expect((await get()).status).toBe(401);
  expect((await auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } })).status).toBe(401);
  await expect(signIn(auth, someone)).rejects.toThrow('401');
  expect(outcome(await admin.post(`${path}/${someone.id}/suspend`))).toEqual([409, 'INVALID_STATE']);
  expect((await admin.post(`${path}/${someone.id}/resume`)).body.data.status).toBe('active');
  expect(outcome(await admin.post(`${path}/${someone.id}/resume`))).toEqual([409, 'INVALID_STATE']);
  await signIn(auth, someone);
  const rows = await audits(auth, { action: 'auth:member:suspend', reason: 'on leave' });
  expect(rows).toHaveLength(1);
});

test('who is removed loses sessions, keys, teams and roles; coming back brings none of them back', async () => {
  const someone = await person('tenant-admin');
  await addMember(auth.ctx, { tenantId: b.id, userId: someone.id, role: 'member', reason: 'seed' });
  const here = await signIn(auth, someone, 'acme');
  const there = await signIn(auth, someone, 'bolt');
  const expiresAt = new Date(auth.clock().getTime() + 86_400_000).toISOString();
  const body = { name: 'ci', scopes: ['auth:team:read'], expiresAt };
  const made = await auth.request('POST', '/api/v1/api-keys', { token: here.accessToken, body });
  const teams = () => auth.request('GET', '/api/v1/teams', { token: made.body.data.key });
  expect((await teams()).status).toBe(200);
  const team = await admin.make('/api/v1/teams', { slug: 'leaving', name: 'Leaving' });
  await admin.put(`/api/v1/teams/${team.id}/members/${someone.id}`, { role: 'maintainer' });
  expect((await owner.delete(`${path}/${someone.id}`)).status).toBe(204);
  const refresh = (refreshToken: string) => auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
  expect((await refresh(here.refreshToken)).status).toBe(401);
  expect((await refresh(there.refreshToken)).status).toBe(200);
  expect((await owner.get(`${path}/${someone.id}`)).status).toBe(404);
  expect((await owner.delete(`${path}/${someone.id}`)).status).toBe(404);
  await addMember(auth.ctx, { tenantId: a.id, userId: someone.id, role: 'viewer', reason: 'seed' });
  expect((await owner.get(`${path}/${someone.id}`)).body.data).toMatchObject({ roles: ['viewer'], teams: [] });
  await expect.poll(async () => outcome(await teams())).toEqual([401, 'INVALID_API_KEY']);
  expect(await audits(auth, { action: 'auth:api-key:revoke', resourceId: made.body.data.id })).toHaveLength(1);
  const removed = await eventsOfType(auth.sql, 'idp.auth.v1.MemberRemoved');
  expect(removed.filter(({ data }) => data.userId === someone.id)).toMatchObject([
    { tenantId: a.id, sequence: 2, data: { reason: 'removed' } },
  ]);
});

test('a tenant cannot take over an account that is not its own; the platform can stop it', async () => {
  const someone = await person();
  const { refreshToken } = await signIn(auth, someone);
  expect(outcome(await owner.post(`${path}/${someone.id}/disable`))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await stranger.post(`${path}/${someone.id}/disable`))).toEqual([404, 'NOT_FOUND']);
  expect((await platform.post(`${path}/${someone.id}/disable`, { reason: 'abuse' })).status).toBe(204);
  expect((await auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } })).status).toBe(401);
  await expect(signIn(auth, someone)).rejects.toThrow('401');
  expect(outcome(await platform.post(`${path}/${someone.id}/disable`))).toEqual([409, 'INVALID_STATE']);
  expect((await platform.post(`${path}/${someone.id}/enable`)).status).toBe(204);
  await signIn(auth, someone);
  await auth.sql.query("update auth.users set managed_by = 'scim' where id = $1", [someone.id]);
  expect((await owner.post(`${path}/${someone.id}/disable`)).status).toBe(204);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.UserDisabled');
  expect(events.filter(({ data }) => data.userId === someone.id)).toMatchObject([
    { tenantId: platformTenantId, sequence: 2, data: { reason: 'abuse' } },
    { tenantId: platformTenantId, sequence: 4 },
  ]);
});

test('a second factor is asked of a member, and no longer', async () => {
  const someone = await person();
  expect((await admin.post(`${path}/${someone.id}/require-mfa`)).body.data).toMatchObject({ mfaRequired: true });
  const lifted = await admin.post(`${path}/${someone.id}/require-mfa`, { required: false });
  expect(lifted.body.data).toMatchObject({ mfaRequired: false, version: 3 });
});

test('an organization has members by role, who leave it without leaving the tenant', async () => {
  const { id } = await admin.make('/api/v1/auth/organizations', { slug: 'inner', name: 'Inner' });
  const place = `/api/v1/auth/organizations/${id}/members`;
  const someone = await person();
  expect(outcome(await admin.patch(`${place}/${someone.id}`, { role: 'viewer' }))).toEqual([404, 'NOT_FOUND']);
  const team = await admin.make('/api/v1/teams', { slug: 'inner-team', name: 'Inner team', organizationId: id });
  await admin.put(`/api/v1/teams/${team.id}/members/${someone.id}`, { role: 'member' });
  expect((await member.get(place)).body.data).toMatchObject([{ userId: someone.id, roles: [] }]);
  expect((await owner.patch(`${place}/${someone.id}`, { role: 'organization-owner' })).status).toBe(200);
  expect(outcome(await owner.patch(`${place}/${someone.id}`, { role: 'member' }))).toEqual([409, 'LAST_OWNER']);
  expect(outcome(await owner.delete(`${place}/${someone.id}`))).toEqual([409, 'LAST_OWNER']);
  const other = await person();
  await admin.put(`/api/v1/teams/${team.id}/members/${other.id}`, { role: 'member' });
  expect((await owner.patch(`${place}/${other.id}`, { role: 'organization-owner' })).status).toBe(200);
  expect(outcome(await admin.patch(`${place}/${someone.id}`, { role: 'member' }))).toEqual([403, 'SCOPE_ESCALATION']);
  expect((await owner.delete(`${place}/${someone.id}`)).status).toBe(204);
  expect((await member.get(place)).body.data).toMatchObject([{ userId: other.id, roles: ['organization-owner'] }]);
  expect((await member.get(`${path}/${someone.id}`)).body.data).toMatchObject({ roles: ['member'], teams: [] });
});

test('nobody of another tenant can be named', async () => {
  for (const id of [a.member.id, newId()]) {
    for (const answer of [
      await stranger.get(`${path}/${id}`),
      await stranger.patch(`${path}/${id}`, { name: 'x' }),
      await stranger.delete(`${path}/${id}`),
      await stranger.post(`${path}/${id}/suspend`),
      await stranger.post(`${path}/${id}/resume`),
      await stranger.post(`${path}/${id}/require-mfa`),
      await stranger.post(`${path}/${id}/enable`),
    ]) {
      expect(outcome(answer)).toEqual([404, 'NOT_FOUND']);
    }
  }
});
