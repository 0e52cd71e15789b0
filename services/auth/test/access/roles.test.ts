import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

const path = '/api/v1/auth/roles';
const bindings = '/api/v1/auth/role-bindings';

let auth: RunningAuth;
let a: TestTenant;
let owner: Caller;
let admin: Caller;
let viewer: Caller;
let stranger: Caller;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  const b = await makeTenant(auth, 'bolt');
  [owner, admin, viewer, stranger] = await Promise.all([
    callerFor(auth, a.owner),
    callerFor(auth, a.admin),
    callerFor(auth, a.viewer),
    callerFor(auth, b.owner),
  ]);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

test('a role is made, found, changed under If-Match and deleted, with events and one audit row each', async () => {
  const rules = [
    { permission: 'auth:team:*', effect: 'allow' },
    { permission: 'auth:team:delete', effect: 'deny', condition: 'context.authAgeSeconds > 300' },
  ];
  const made = await owner.post(path, {
    name: 'Team keeper',
    description: 'keeps teams',
    rules,
    parentRoleIds: ['viewer'],
  });
  expect(made.status).toBe(201);
  expect(made.headers['x-authz-version']).toMatch(/^\d{13}$/);
  const { id } = made.body.data as { id: string };
  expect(made.headers['location']).toBe(`${path}/${id}`);
  expect(made.body.data).toMatchObject({
    name: 'Team keeper',
    system: false,
    rules,
    permissions: ['auth:team:*'],
    parentRoleIds: ['viewer'],
    version: 1,
  });
  const found = await viewer.get(`${path}/${id}`);
  expect(found.body.data).toEqual(made.body.data);
  expect((await viewer.get(`${path}/${id}`, { 'if-none-match': '"1"' })).status).toBe(304);

  expect(outcome(await owner.patch(`${path}/${id}`, { name: 'Keeper' }, { 'if-match': '"7"' }))).toEqual([
    412,
    'PRECONDITION_FAILED',
  ]);
  const changed = await owner.patch(`${path}/${id}`, { name: 'Keeper', parentRoleIds: [] }, { 'if-match': '"1"' });
  expect([changed.status, changed.headers['etag']]).toEqual([200, '"2"']);
  expect(changed.body.data).toMatchObject({ name: 'Keeper', description: 'keeps teams', rules, parentRoleIds: [] });
  expect(Number(changed.headers['x-authz-version'])).toBeGreaterThan(Number(made.headers['x-authz-version']));
  expect((await owner.delete(`${path}/${id}`)).status).toBe(204);
  expect((await owner.get(`${path}/${id}`)).status).toBe(404);

  const actions = (await audits(auth, { resourceId: id })).map(({ action }) => action);
  expect(actions).toEqual(['auth:role:create', 'auth:role:update', 'auth:role:delete']);
  for (const [type, sequence] of [
    ['Created', 1],
    ['Updated', 2],
    ['Deleted', 3],
  ] as const) {
    const events = await eventsOfType(auth.sql, `idp.auth.v1.Role${type}`);
    expect(events.find(({ data }) => data.roleId === id)).toMatchObject({ tenantId: a.id, sequence });
  }
});

test('the short forms of older clients become rules', async () => {
  const { id } = await owner.make(path, {
    name: 'Older forms',
    permissions: ['auth:user:read', { action: 'read', resource: 'project', conditions: { id: ['p1', 'p2'] } }],
  });
  const { body } = await owner.get(`${path}/${id}`);
  expect(body.data.rules).toEqual([
    { permission: 'auth:user:read', effect: 'allow' },
    { permission: 'auth:project:read', effect: 'allow', condition: 'resource.id in ["p1", "p2"]' },
  ]);
  const refused = { name: 'x', permissions: [{ action: 'fly', resource: 'project' }] };
  expect(outcome(await owner.post(path, refused))).toEqual([422, 'UNKNOWN_PERMISSION']);
});

test('lists show system roles first, page by cursor and number, and never those of another tenant', async () => {
  await owner.make(path, { name: 'Aardvark' });
  const first = await viewer.get(`${path}?limit=5`);
  expect(first.body.data[0]).toMatchObject({ id: 'auditor', system: true });
  const names: string[] = [];
  for (let cursor: string | undefined, page = 0; page < 20; page += 1) {
    const answer = await viewer.get(`${path}?limit=5${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    names.push(...(answer.body.data as { name: string }[]).map(({ name }) => name));
    cursor = answer.body.meta.nextCursor;
    if (cursor === undefined) break;
  }
  const whole = await viewer.get(`${path}?limit=100&page=1`);
  expect(names).toEqual((whole.body.data as { name: string }[]).map(({ name }) => name));
  expect(whole.body.meta.total).toBe(names.length);
  expect(names).toContain('Tenant owner');
  expect(names).not.toContain('Platform administrator');
  const own = (whole.body.data as { name: string; system: boolean }[]).filter(({ system }) => !system);
  expect(own.map(({ name }) => name)).toEqual(names.slice(-own.length));
  expect(own.map(({ name }) => name.toLowerCase())).toEqual(own.map(({ name }) => name.toLowerCase()).toSorted());
  const others = await stranger.get(`${path}?limit=100`);
  expect((others.body.data as { name: string }[]).some(({ name }) => name === 'Aardvark')).toBe(false);
});

test('what is not declared, does not compile or cannot filter lists is refused', async () => {
  const rule = (permission: string, condition?: string) => ({
    name: 'refused',
    rules: [{ permission, ...(condition !== undefined && { condition }) }],
  });
  const refused = async (body: unknown) => outcome(await owner.post(path, body));
  expect(await refused(rule('auth:team:fly'))).toEqual([422, 'UNKNOWN_PERMISSION']);
  expect(await refused(rule('nothing:*'))).toEqual([422, 'UNKNOWN_PERMISSION']);
  expect(await refused(rule('auth:team:create', 'resource.colour == "red"'))).toEqual([422, 'CONDITION_INVALID']);
  expect(await refused(rule('auth:team:create', 'resource.id'))).toEqual([422, 'CONDITION_INVALID']);
  expect(await refused(rule('auth:team:read', 'resource.id.endsWith("x")'))).toEqual([422, 'CONDITION_NOT_FILTERABLE']);
  expect(await refused(rule('auth:team:*', 'resource.id.endsWith("x")'))).toEqual([422, 'CONDITION_NOT_FILTERABLE']);
  expect(await refused({ name: 'x', parentRoleIds: ['nobody'] })).toEqual([422, 'REFERENCE_INVALID']);
  expect(await refused({ name: 'x', parentRoleIds: ['platform-admin'] })).toEqual([422, 'REFERENCE_INVALID']);
  expect(await refused({ name: 'x', rules: [{ permission: 'a b' }] })).toEqual([400, 'VALIDATION_ERROR']);
  expect(await refused({})).toEqual([400, 'VALIDATION_ERROR']);
  expect(await refused({ ...rule('auth:team:create', 'resource.id.endsWith("x")'), name: 'fits' })).toEqual([
    201,
    undefined,
  ]);
});

test('roles never contain each other, nor inherit over more than eight steps', async () => {
  let parent = await owner.make(path, { name: 'step 0' });
  const first = parent.id;
  for (let step = 1; step <= 8; step += 1) {
    parent = await owner.make(path, { name: `step ${step}`, parentRoleIds: [parent.id] });
  }
  const deep = await owner.post(path, { name: 'step 9', parentRoleIds: [parent.id] });
  expect([...outcome(deep), deep.body.error.details.reason]).toEqual([422, 'ROLE_CYCLE', 'depth']);
  const cycle = await owner.patch(`${path}/${first}`, { parentRoleIds: [parent.id] });
  expect([...outcome(cycle), cycle.body.error.details.reason]).toEqual([422, 'ROLE_CYCLE', 'cycle']);
});

test('nobody puts into a role what they do not hold, not even through a parent', async () => {
  const wanted = { name: 'too much', rules: [{ permission: 'auth:organization:delete' }] };
  const refused = await admin.post(path, wanted);
  expect(outcome(refused)).toEqual([403, 'SCOPE_ESCALATION']);
  expect(refused.body.error.details).toEqual({ permission: 'auth:organization:delete' });
  expect(outcome(await admin.post(path, { name: 'too much', parentRoleIds: ['tenant-owner'] }))).toEqual([
    403,
    'SCOPE_ESCALATION',
  ]);
  const made = await owner.make(path, { ...wanted, name: 'of the owner' });
  // What is there already is no gain of who only renames it.
  expect((await admin.patch(`${path}/${made.id}`, { name: 'renamed' })).status).toBe(200);
  expect((await admin.patch(`${path}/${made.id}`, { rules: [] })).status).toBe(200);
  expect(outcome(await admin.patch(`${path}/${made.id}`, { rules: wanted.rules }))).toEqual([403, 'SCOPE_ESCALATION']);
});

test('a role in use stays: held, inherited from, or named by a policy', async () => {
  const held = await owner.make(path, { name: 'held' });
  const parent = await owner.make(path, { name: 'parent' });
  const named = await owner.make(path, { name: 'named' });
  const grant = await owner.make(bindings, { principalType: 'user', principalId: a.member.id, roleId: held.id });
  await owner.make(path, { name: 'child', parentRoleIds: [parent.id] });
  await owner.make('/api/v1/auth/policies', {
    name: 'about a role',
    permissions: ['auth:team:delete'],
    subjects: { roleIds: [named.id] },
  });
  for (const { id } of [held, parent, named]) {
    expect(outcome(await owner.delete(`${path}/${id}`))).toEqual([409, 'CONFLICT']);
  }
  expect((await owner.delete(`${bindings}/${grant.id}`)).status).toBe(204);
  expect((await owner.delete(`${path}/${held.id}`)).status).toBe(204);
});

test('names are taken once, system roles are read-only, and only who may manage roles can', async () => {
  await owner.make(path, { name: 'Straße' });
  expect(outcome(await owner.post(path, { name: 'STRASSE' }))).toEqual([409, 'NAME_TAKEN']);
  expect(outcome(await owner.patch(`${path}/viewer`, { name: 'mine' }))).toEqual([409, 'CONFLICT']);
  expect(outcome(await owner.delete(`${path}/tenant-owner`))).toEqual([409, 'CONFLICT']);
  expect(outcome(await viewer.post(path, { name: 'no' }))).toEqual([403, 'PERMISSION_DENIED']);
  const { id } = await owner.make(path, { name: 'of one tenant' });
  expect((await stranger.get(`${path}/${id}`)).status).toBe(404);
  expect((await stranger.patch(`${path}/${id}`, { name: 'x' })).status).toBe(404);
  expect((await stranger.delete(`${path}/${id}`)).status).toBe(404);
});

test('a change of a role is refused where a condition of somebody who holds it would not fit', async () => {
  const role = await owner.make(path, { name: 'narrowed', rules: [{ permission: 'auth:team:create' }] });
  const grant = {
    principalType: 'user',
    principalId: a.member.id,
    roleId: role.id,
    condition: 'resource.id.endsWith("x")',
  };
  await owner.make(bindings, grant);
  const change = { rules: [{ permission: 'auth:team:create' }, { permission: 'auth:team:read' }] };
  expect(outcome(await owner.patch(`${path}/${role.id}`, change))).toEqual([422, 'CONDITION_NOT_FILTERABLE']);
});

test('a dry run says who gains and loses what, and leaves nothing behind', async () => {
  const role = await owner.make(path, { name: 'rehearsed', rules: [{ permission: 'auth:team:create' }] });
  await owner.make(bindings, { principalType: 'user', principalId: a.member.id, roleId: role.id });
  const before = (await audits(auth, {})).length;
  const change = { rules: [{ permission: 'auth:project:create' }] };
  const dry = await owner.patch(`${path}/${role.id}?dryRun=true`, change);
  const of = (permission: string) => ({
    subject: { type: 'user', id: a.member.id },
    permission,
    scopeType: 'tenant',
    scopeId: a.id,
    partly: false,
  });
  expect([dry.status, dry.body.data]).toEqual([
    200,
    { gains: [of('auth:project:create')], losses: [of('auth:team:create')], truncated: false },
  ]);
  expect(dry.headers['x-authz-version']).toBeUndefined();
  expect((await owner.get(`${path}/${role.id}`)).body.data).toMatchObject({
    version: 1,
    permissions: ['auth:team:create'],
  });
  const made = await owner.post(`${path}?dryRun=true`, { name: 'never made' });
  expect([made.status, made.body.data]).toEqual([200, { gains: [], losses: [], truncated: false }]);
  expect(outcome(await admin.post(`${path}?dryRun=true`, { name: 'x', parentRoleIds: ['tenant-owner'] }))).toEqual([
    403,
    'SCOPE_ESCALATION',
  ]);
  expect((await audits(auth, {})).length).toBe(before);
  const names = ((await owner.get(`${path}?limit=100`)).body.data as { name: string }[]).map(({ name }) => name);
  expect(names).not.toContain('never made');
});

test('a creation repeated with its key is one role', async () => {
  const headers = { 'idempotency-key': 'role-once' };
  const body = { name: 'once' };
  const [one, again] = [await owner.post(path, body, headers), await owner.post(path, body, headers)];
  expect([one.status, again.status, again.headers['idempotency-replayed']]).toEqual([201, 201, 'true']);
  expect(again.body.data.id).toBe(one.body.data.id);
});
