import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { untilAllWait } from '../support/held-tenant.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

const path = '/api/v1/auth/role-bindings';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;
let owner: Caller;
let admin: Caller;
let member: Caller;
let stranger: Caller;
let organization: string;
let team: string;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
  [owner, admin, member, stranger] = await Promise.all([
    callerFor(auth, a.owner),
    callerFor(auth, a.admin),
    callerFor(auth, a.member),
    callerFor(auth, b.owner),
  ]);
  organization = (await owner.make('/api/v1/auth/organizations', { slug: 'music', name: 'Music' })).id;
  team = (await owner.make('/api/v1/teams', { slug: 'web', name: 'Web', organizationId: organization })).id;
});
afterAll(() => auth?.[Symbol.asyncDispose]());

const user = (id: string) => ({ principalType: 'user', principalId: id });

/** Whether the member may do this in the team, by the rule itself. */
async function mayInTeam(permission: string, who: Caller = member): Promise<boolean> {
  const resource = { type: 'team', scope: { teamId: team } };
  const answer = await who.post('/api/v1/auth/authz/check', { permission, resource });
  expect(answer.status).toBe(200);
  return answer.body.data.allowed as boolean;
}

test('a role is given in a scope, counts there and nowhere else, and is taken away again', async () => {
  expect(await mayInTeam('auth:team:update')).toBe(false);
  const scope = { scopeType: 'team', scopeId: team };
  const made = await owner.post(path, { ...user(a.member.id), roleId: 'tenant-admin', ...scope, reason: 'on call' });
  expect([made.status, made.headers['x-authz-version']]).toEqual([201, expect.stringMatching(/^\d{13}$/)]);
  const { id } = made.body.data as { id: string };
  expect(made.body.data).toMatchObject({
    ...scope,
    roleId: 'tenant-admin',
    expiresAt: null,
    reason: 'on call',
    version: 1,
  });
  expect(await mayInTeam('auth:team:update')).toBe(true);
  const wide = await member.post('/api/v1/auth/authz/check', { permission: 'auth:team:update' });
  expect(wide.body.data.allowed).toBe(false);

  const listed = await owner.get(`${path}?principalId=${a.member.id}&scopeType=team`);
  expect(listed.body.data).toEqual([made.body.data]);
  expect((await owner.get(`${path}/${id}`)).body.data).toEqual(made.body.data);
  expect((await owner.delete(`${path}/${id}`)).status).toBe(204);
  expect(await mayInTeam('auth:team:update')).toBe(false);

  expect((await audits(auth, { resourceId: id })).map(({ action }) => action)).toEqual([
    'auth:binding:grant',
    'auth:binding:revoke',
  ]);
  const [granted] = (await eventsOfType(auth.sql, 'idp.auth.v1.RoleGranted')).filter(
    ({ data }) => data.bindingId === id,
  );
  expect(granted?.data).toMatchObject({
    principalId: a.member.id,
    scopeId: team,
    grantedVia: 'direct',
    reason: 'on call',
  });
  const [revoked] = (await eventsOfType(auth.sql, 'idp.auth.v1.RoleRevoked')).filter(
    ({ data }) => data.bindingId === id,
  );
  expect(revoked).toMatchObject({ sequence: 2, data: { roleId: 'tenant-admin' } });
});

test('a grant counts from its start until its end, to the millisecond', async () => {
  auth.setClock();
  const now = auth.clock().getTime();
  const at = (ahead: number) => new Date(now + ahead).toISOString();
  await owner.make(path, {
    ...user(a.viewer.id),
    roleId: 'member',
    startsAt: at(60_000),
    expiresAt: at(120_000),
  });
  const viewer = await callerFor(auth, a.viewer);
  const may = async (ahead: number) => {
    auth.setClock(ahead);
    return mayInTeam('auth:session:read', viewer);
  };
  const adminNow = { ...user(a.viewer.id), roleId: 'tenant-admin', startsAt: at(60_000), expiresAt: at(120_000) };
  await owner.make(path, adminNow);
  expect(await may(59_999)).toBe(false);
  expect(await may(60_000)).toBe(true);
  expect(await may(119_999)).toBe(true);
  expect(await may(120_000)).toBe(false);
  auth.setClock();
});

test('a binding changes its end, its condition and its reason, under If-Match', async () => {
  const made = await owner.make(path, { ...user(a.member.id), roleId: 'developer', scopeType: 'team', scopeId: team });
  const change = { expiresAt: '2099-01-01T00:00:00Z', condition: 'principal.acr == "idp:aal2"', reason: 'review' };
  expect(outcome(await owner.patch(`${path}/${made.id}`, change, { 'if-match': '"9"' }))).toEqual([
    412,
    'PRECONDITION_FAILED',
  ]);
  const changed = await owner.patch(`${path}/${made.id}`, change, { 'if-match': '"1"' });
  expect([changed.status, changed.headers['etag'], changed.body.data]).toEqual([
    200,
    '"2"',
    expect.objectContaining(change),
  ]);
  const back = await owner.patch(`${path}/${made.id}`, { expiresAt: null, condition: null });
  expect(back.body.data).toMatchObject({ expiresAt: null, condition: null, reason: 'review', version: 3 });
  expect(outcome(await owner.patch(`${path}/${made.id}`, { expiresAt: '2001-01-01T00:00:00Z' }))).toEqual([
    400,
    'VALIDATION_ERROR',
  ]);
  expect((await owner.delete(`${path}/${made.id}`)).status).toBe(204);
});

test('older clients give roles by POST /users/{id}/roles and by organization', async () => {
  const assigned = await owner.post(`/api/v1/users/${a.member.id}/roles`, {
    roleId: 'viewer',
    scope: 'org',
    orgId: organization,
  });
  expect([assigned.status, assigned.body.data]).toEqual([
    201,
    expect.objectContaining({ ...user(a.member.id), scopeType: 'organization', scopeId: organization }),
  ]);
  expect((await owner.post(`/api/v1/users/${b.member.id}/roles`, { roleId: 'viewer' })).status).toBe(404);
  const twice = { ...user(a.member.id), roleId: 'viewer', scope: 'org', orgId: organization, scopeType: 'tenant' };
  expect(outcome(await owner.post(path, twice))).toEqual([400, 'VALIDATION_ERROR']);
});

test('teams and service accounts hold roles, too', async () => {
  const account = await owner.make('/api/v1/auth/service-accounts', {
    name: 'ci',
    scope: { type: 'tenant', id: a.id },
  });
  const held = await owner.post(path, { principalType: 'service-account', principalId: account.id, roleId: 'viewer' });
  expect(held.status).toBe(201);
  await owner.put(`/api/v1/teams/${team}/members/${a.member.id}`, { role: 'member' });
  expect(await mayInTeam('auth:team-member:manage')).toBe(false);
  const grant = { principalType: 'team', principalId: team, roleId: 'tenant-admin', scopeType: 'team', scopeId: team };
  const { id } = await owner.make(path, grant);
  expect(await mayInTeam('auth:team-member:manage')).toBe(true);
  expect((await owner.delete(`${path}/${id}`)).status).toBe(204);
});

test('what does not exist in the tenant cannot be bound', async () => {
  const refused = async (body: unknown) => {
    const answer = await owner.post(path, body);
    return [...outcome(answer), answer.body.error?.details?.field];
  };
  const invalid = (field: string) => [422, 'REFERENCE_INVALID', field];
  expect(await refused({ ...user(b.member.id), roleId: 'viewer' })).toEqual(invalid('principalId'));
  expect(await refused({ ...user(a.member.id), roleId: 'nobody' })).toEqual(invalid('roleId'));
  expect(await refused({ ...user(a.member.id), roleId: 'platform-admin' })).toEqual(invalid('roleId'));
  const theirs = await stranger.make('/api/v1/auth/roles', { name: 'theirs' });
  expect(await refused({ ...user(a.member.id), roleId: theirs.id })).toEqual(invalid('roleId'));
  const inTeam = { ...user(a.member.id), roleId: 'viewer', scopeType: 'team' };
  expect(await refused(inTeam)).toEqual(invalid('scopeId'));
  expect(await refused({ ...inTeam, scopeId: organization })).toEqual(invalid('scopeId'));
  expect(await refused({ ...user(a.member.id), roleId: 'viewer', scopeId: b.id })).toEqual(invalid('scopeId'));
  const whole = { ...user(a.member.id), roleId: 'tenant-owner', scopeType: 'team', scopeId: team };
  expect(await refused(whole)).toEqual(invalid('scopeType'));
  const past = { ...user(a.member.id), roleId: 'viewer', expiresAt: '2001-01-01T00:00:00Z' };
  expect((await refused(past)).slice(0, 2)).toEqual([400, 'VALIDATION_ERROR']);
});

test('nobody gives or takes what they do not hold', async () => {
  const grant = { ...user(a.viewer.id), roleId: 'tenant-owner' };
  const refused = await admin.post(path, grant);
  expect(outcome(refused)).toEqual([403, 'SCOPE_ESCALATION']);
  expect(refused.body.error.details.permission).toMatch(/^auth:/);
  expect(outcome(await admin.post(`${path}?dryRun=true`, grant))).toEqual([403, 'SCOPE_ESCALATION']);
  // One of two owners: of the last one it is said that it is the last, whoever asks.
  const { id } = await owner.make(path, { ...user(a.viewer.id), roleId: 'tenant-owner' });
  expect(outcome(await admin.delete(`${path}/${id}`))).toEqual([403, 'SCOPE_ESCALATION']);
  expect((await owner.delete(`${path}/${id}`)).status).toBe(204);
  expect(outcome(await member.post(path, { ...user(a.viewer.id), roleId: 'viewer' }))).toEqual([
    403,
    'PERMISSION_DENIED',
  ]);
  expect(outcome(await member.get(path))).toEqual([403, 'PERMISSION_DENIED']);
});

test('another role in the whole tenant leaves the roles a tenant has made', async () => {
  const { id: roleId } = await owner.make('/api/v1/auth/roles', { name: 'Kept' });
  const kept = await owner.make(path, { ...user(a.viewer.id), roleId });
  const changed = await owner.patch(`/api/v1/users/${a.viewer.id}`, { role: 'member' });
  expect([changed.status, changed.body.data.roles]).toEqual([200, ['member']]);
  expect((await owner.get(`${path}/${kept.id}`)).status).toBe(200);
});

test('the last owner keeps the role for good', async () => {
  const { body } = await owner.get(`${path}?principalId=${a.owner.id}&roleId=tenant-owner`);
  const [{ id }] = body.data as [{ id: string }];
  const last = [409, 'LAST_OWNER'];
  expect(outcome(await owner.delete(`${path}/${id}`))).toEqual(last);
  expect(outcome(await owner.patch(`${path}/${id}`, { expiresAt: '2099-01-01T00:00:00Z' }))).toEqual(last);
  expect(outcome(await owner.patch(`${path}/${id}`, { condition: 'principal.type == "user"' }))).toEqual(last);
  const second = { ...user(a.admin.id), roleId: 'tenant-owner' };
  const forAWhile = await owner.make(path, { ...second, expiresAt: '2099-01-01T00:00:00Z' });
  expect(outcome(await owner.delete(`${path}/${id}`))).toEqual(last);
  expect((await owner.patch(`${path}/${forAWhile.id}`, { expiresAt: null })).status).toBe(200);
  expect((await owner.delete(`${path}/${id}`)).status).toBe(204);
});

test('of two owners who demote each other at one moment one stays', async () => {
  const { id: tenantId, owner: one, admin: other } = await makeTenant(auth, 'twins');
  const callers = [await callerFor(auth, one), await callerFor(auth, other)] as const;
  await callers[0].make(path, { ...user(other.id), roleId: 'tenant-owner' });
  const listed = await callers[0].get(`${path}?roleId=tenant-owner`);
  const held = listed.body.data as { id: string; principalId: string }[];
  const bindingOf = (id: string) => held.find(({ principalId }) => principalId === id)!.id;
  const answers = await untilAllWait(auth, { tenantId, count: 2 }, () =>
    Promise.all([
      callers[0].delete(`${path}/${bindingOf(other.id)}`),
      callers[1].delete(`${path}/${bindingOf(one.id)}`),
    ]),
  );
  expect(answers.map(outcome).toSorted(([left], [right]) => left - right)).toEqual([
    [204, undefined],
    [409, 'LAST_OWNER'],
  ]);
});

test('another tenant sees and changes none of it', async () => {
  const { body } = await callerFor(auth, a.admin).then((caller) => caller.get(path));
  const [{ id }] = body.data as [{ id: string }];
  expect((await stranger.get(`${path}/${id}`)).status).toBe(404);
  expect((await stranger.patch(`${path}/${id}`, { reason: 'x' })).status).toBe(404);
  expect((await stranger.delete(`${path}/${id}`)).status).toBe(404);
});

test('a dry run of a grant names the gain and grants nothing', async () => {
  const grantee = b.viewer;
  const grant = { ...user(grantee.id), roleId: 'member', expiresAt: '2099-01-01T00:00:00Z' };
  const dry = await stranger.post(`${path}?dryRun=true`, grant);
  expect(dry.status).toBe(200);
  expect(dry.body.data.losses).toEqual([]);
  for (const gain of dry.body.data.gains as { subject: unknown; partly: boolean }[]) {
    expect(gain).toMatchObject({ subject: { type: 'user', id: grantee.id }, partly: true });
  }
  const listed = await stranger.get(`${path}?principalId=${grantee.id}`);
  expect(listed.body.meta.total).toBe(1);
});
