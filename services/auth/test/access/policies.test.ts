import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

const path = '/api/v1/auth/policies';

let auth: RunningAuth;
let a: TestTenant;
let owner: Caller;
let admin: Caller;
let stranger: Caller;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  const b = await makeTenant(auth, 'bolt');
  [owner, admin, stranger] = await Promise.all([
    callerFor(auth, a.owner),
    callerFor(auth, a.admin),
    callerFor(auth, b.owner),
  ]);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

async function may(permission: string, who: Caller): Promise<boolean> {
  return (await who.post('/api/v1/auth/authz/check', { permission })).body.data.allowed as boolean;
}

test('a policy denies whatever roles allow, while it is enabled', async () => {
  expect(await may('auth:team:delete', owner)).toBe(true);
  const made = await owner.post(path, { name: 'No deletions', permissions: ['auth:team:delete', 'auth:project:*'] });
  expect([made.status, made.headers['x-authz-version']]).toEqual([201, expect.stringMatching(/^\d{13}$/)]);
  const { id } = made.body.data as { id: string };
  expect(made.body.data).toMatchObject({
    effect: 'deny',
    subjects: 'all',
    scopeType: 'tenant',
    scopeId: a.id,
    condition: null,
    enabled: true,
  });
  expect((await owner.get(`${path}/${id}`)).body.data).toEqual(made.body.data);
  expect(await may('auth:team:delete', owner)).toBe(false);
  expect(await may('auth:project:create', admin)).toBe(false);
  const off = await owner.patch(`${path}/${id}`, { enabled: false }, { 'if-match': '"1"' });
  expect([off.status, off.headers['etag'], off.body.data.enabled]).toEqual([200, '"2"', false]);
  expect(await may('auth:team:delete', owner)).toBe(true);
  expect((await owner.get(`${path}?enabled=true`)).body.meta.total).toBe(0);
  expect((await owner.get(path)).body.data).toHaveLength(1);
  expect((await owner.delete(`${path}/${id}`, { 'if-match': '"1"' })).status).toBe(412);
  expect((await owner.delete(`${path}/${id}`)).status).toBe(204);
  expect((await owner.get(`${path}/${id}`)).status).toBe(404);
  const actions = (await audits(auth, { resourceId: id })).map(({ action }) => action);
  expect(actions).toEqual(['auth:policy:create', 'auth:policy:update', 'auth:policy:delete']);
  for (const [type, sequence] of [
    ['Created', 1],
    ['Updated', 2],
    ['Deleted', 3],
  ] as const) {
    const events = await eventsOfType(auth.sql, `idp.auth.v1.Policy${type}`);
    expect(events.find(({ data }) => data.policyId === id)).toMatchObject({ tenantId: a.id, sequence });
  }
});

test('a policy concerns who holds a role, under a condition', async () => {
  const role = await owner.make('/api/v1/auth/roles', { name: 'Night shift' });
  const holder = { principalType: 'user', principalId: a.admin.id, roleId: role.id };
  await owner.make('/api/v1/auth/role-bindings', holder);
  const made = await owner.make(path, {
    name: 'At night one signs in anew',
    permissions: ['auth:team:create'],
    subjects: { roleIds: [role.id] },
    condition: 'context.authAgeSeconds > 300',
  });
  const both = async () => [await may('auth:team:create', admin), await may('auth:team:create', owner)];
  auth.setClock();
  expect(await both()).toEqual([true, true]);
  auth.setClock(400_000);
  expect(await both()).toEqual([false, true]);
  auth.setClock();
  expect((await owner.delete(`${path}/${made.id}`)).status).toBe(204);
});

test('who makes a policy keeps the way back, and allows nothing they lack', async () => {
  const everything = { name: 'Everything', permissions: ['*'] };
  expect(outcome(await owner.post(path, everything))).toEqual([409, 'INVALID_STATE']);
  expect((await owner.post(path, { ...everything, enabled: false })).status).toBe(201);
  expect(outcome(await admin.post(path, { name: 'x', permissions: ['auth:team:read'] }))).toEqual([
    403,
    'PERMISSION_DENIED',
  ]);
  const rail = await owner.make(path, { name: 'Nobody', permissions: ['auth:team:update'] });
  const allow = { name: 'But all', effect: 'allow', permissions: ['auth:team:update'] };
  const refused = await owner.post(path, allow);
  expect(outcome(refused)).toEqual([403, 'SCOPE_ESCALATION']);
  expect(refused.body.error.details).toEqual({ permission: 'auth:team:update' });
  expect((await owner.delete(`${path}/${rail.id}`)).status).toBe(204);
  expect((await owner.post(path, allow)).status).toBe(201);
});

test('what a policy names must exist', async () => {
  const refused = async (more: object) =>
    outcome(await owner.post(path, { name: 'z', permissions: ['auth:team:read'], ...more }));
  expect(await refused({ permissions: ['auth:team:fly'] })).toEqual([422, 'UNKNOWN_PERMISSION']);
  expect(await refused({ permissions: [] })).toEqual([400, 'VALIDATION_ERROR']);
  expect(await refused({ subjects: {} })).toEqual([400, 'VALIDATION_ERROR']);
  expect(await refused({ subjects: { roleIds: ['nobody'] } })).toEqual([422, 'REFERENCE_INVALID']);
  expect(await refused({ subjects: { teamIds: [a.id] } })).toEqual([422, 'REFERENCE_INVALID']);
  expect(await refused({ scopeType: 'team' })).toEqual([422, 'REFERENCE_INVALID']);
  expect(await refused({ condition: 'resource.id.endsWith("x")' })).toEqual([422, 'CONDITION_NOT_FILTERABLE']);
  expect(await refused({ condition: '1 + 1' })).toEqual([422, 'CONDITION_INVALID']);
  await owner.make(path, { name: 'Taken', permissions: ['auth:team:update'], enabled: false });
  expect(await refused({ name: 'TAKEN' })).toEqual([409, 'NAME_TAKEN']);
});

test('a dry run names who would lose what; another tenant finds nothing', async () => {
  const dry = await owner.post(`${path}?dryRun=true`, { name: 'dry', permissions: ['auth:organization:delete'] });
  expect([dry.status, dry.body.data]).toEqual([
    200,
    {
      gains: [],
      losses: [
        {
          subject: { type: 'user', id: a.owner.id },
          permission: 'auth:organization:delete',
          scopeType: 'tenant',
          scopeId: a.id,
          partly: false,
        },
      ],
      truncated: false,
    },
  ]);
  expect(await may('auth:organization:delete', owner)).toBe(true);
  const { id } = await owner.make(path, { name: 'ours', permissions: ['auth:team:update'], enabled: false });
  expect((await stranger.get(`${path}/${id}`)).status).toBe(404);
  expect((await stranger.patch(`${path}/${id}`, { enabled: true })).status).toBe(404);
  expect((await stranger.delete(`${path}/${id}`)).status).toBe(404);
});
