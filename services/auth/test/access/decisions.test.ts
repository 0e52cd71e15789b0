import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

const authz = '/api/v1/auth/authz';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;
let owner: Caller;
let admin: Caller;
let member: Caller;
let team: string;
let inner: string;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
  [owner, admin, member] = await Promise.all([
    callerFor(auth, a.owner),
    callerFor(auth, a.admin),
    callerFor(auth, a.member),
  ]);
  team = (await owner.make('/api/v1/teams', { slug: 'outer', name: 'Outer' })).id;
  inner = (await owner.make('/api/v1/teams', { slug: 'inner', name: 'Inner', parentId: team })).id;
  await owner.make('/api/v1/auth/role-bindings', {
    principalType: 'user',
    principalId: a.member.id,
    roleId: 'tenant-admin',
    scopeType: 'team',
    scopeId: team,
    expiresAt: '2099-01-01T00:00:00.000Z',
  });
});
afterAll(() => auth?.[Symbol.asyncDispose]());

const inTeam = (teamId: string) => ({ type: 'team', id: teamId, scope: { teamId } });
const about = (person: { id: string }) => ({ type: 'user', id: person.id });

test('a check answers with the version it was decided by, the caller or somebody else', async () => {
  const check = (who: Caller, body: object) => who.post(`${authz}/check`, body);
  const own = await check(member, { permission: 'auth:team:update', resource: inTeam(inner) });
  expect([own.status, own.body.data]).toEqual([200, { allowed: true, version: expect.any(Number) }]);
  const other = { permission: 'auth:team:update', principal: about(a.member) };
  expect((await check(admin, other)).body.data.allowed).toBe(false);
  expect((await check(admin, { ...other, resource: inTeam(inner) })).body.data.allowed).toBe(true);
  expect((await check(member, { ...other, resource: inTeam(inner) })).body.data.allowed).toBe(true);
  expect(outcome(await check(member, { permission: 'auth:team:read', principal: about(a.admin) }))).toEqual([
    403,
    'PERMISSION_DENIED',
  ]);
  expect((await check(admin, { permission: 'auth:team:read', principal: about(b.owner) })).body.data.allowed).toBe(
    false,
  );
  expect(outcome(await check(member, { permission: 'auth:team:fly' }))).toEqual([422, 'UNKNOWN_PERMISSION']);
  expect(outcome(await check(member, { permission: '*' }))).toEqual([400, 'VALIDATION_ERROR']);
});

test('a batch is decided by one version, up to a hundred at a time', async () => {
  const item = (id: string, permission: string) => ({ id, permission, resource: inTeam(inner) });
  const items = [item('1', 'auth:team:update'), item('2', 'auth:organization:delete'), item('3', 'auth:team:read')];
  const answer = await member.post(`${authz}/batch-check`, { items });
  expect([answer.status, answer.body.data]).toEqual([
    200,
    {
      items: [
        { id: '1', allowed: true },
        { id: '2', allowed: false },
        { id: '3', allowed: true },
      ],
      version: expect.any(Number),
    },
  ]);
  const many = Array.from({ length: 101 }, (_, index) => item(String(index), 'auth:team:read'));
  expect((await member.post(`${authz}/batch-check`, { items: many.slice(0, 100) })).body.data.items).toHaveLength(100);
  expect(outcome(await member.post(`${authz}/batch-check`, { items: many }))).toEqual([400, 'VALIDATION_ERROR']);
  const foreign = { items: [{ ...item('1', 'auth:team:read'), principal: about(a.owner) }] };
  expect(outcome(await member.post(`${authz}/batch-check`, foreign))).toEqual([403, 'PERMISSION_DENIED']);
});

test('an explanation names statements and conditions, over what would be different too, and stores nothing', async () => {
  const question = { permission: 'auth:team:update', resource: inTeam(inner) };
  const plain = await member.post(`${authz}/evaluate`, question);
  expect(plain.body.data).toMatchObject({ allowed: true, reason: 'allowed' });
  expect(plain.body.data.statements).toEqual([
    expect.objectContaining({
      effect: 'allow',
      counted: true,
      outcome: true,
      scopeType: 'team',
      scopeId: team,
      binding: expect.objectContaining({
        heldBy: about(a.member),
        rolePath: ['tenant-admin'],
        expiresAt: '2099-01-01T00:00:00.000Z',
      }),
    }),
  ]);
  const overlay = {
    policies: [{ permissions: ['auth:team:*'], condition: 'resource.scope.teamId == "x" || context.ip == "10.0.0.1"' }],
  };
  const context = { ip: '10.0.0.1' };
  const redacted = await member.post(`${authz}/evaluate`, { ...question, context, overlay });
  expect(redacted.body.data).toMatchObject({ allowed: false, reason: 'denied' });
  expect(redacted.text).not.toContain('"value":"10.0.0.1"');
  expect(redacted.text).toContain('"redacted":true');
  const shown = await admin.post(`${authz}/evaluate`, { ...question, context, overlay, principal: about(a.member) });
  expect(shown.text).toContain('"value":"10.0.0.1"');
  const role = '0192d6a0-0000-7000-8000-00000000abcd';
  const granted = {
    roles: [{ id: role, permissions: ['auth:organization:delete'] }],
    bindings: [{ principalType: 'user', principalId: a.member.id, roleId: role }],
  };
  const wanted = { permission: 'auth:organization:delete' };
  expect((await member.post(`${authz}/evaluate`, { ...wanted, overlay: granted })).body.data.allowed).toBe(true);
  expect((await member.post(`${authz}/check`, wanted)).body.data.allowed).toBe(false);
  expect((await owner.get(`/api/v1/auth/roles/${role}`)).status).toBe(404);
  expect((await owner.get('/api/v1/auth/policies')).body.data).toEqual([]);
});

test('a missing attribute skips an allow, applies a deny, and is named', async () => {
  const question = { permission: 'auth:session:read', principal: about(a.admin) };
  const condition = 'context.credential == "api-key"';
  const overlay = { policies: [{ permissions: ['auth:session:read'], condition }] };
  const answer = await owner.post(`${authz}/evaluate`, { ...question, overlay });
  expect(answer.body.data).toMatchObject({ allowed: false, reason: 'denied' });
  expect(answer.text).toContain('"attribute":"context.credential"');
});

test('an overlay is checked as the change itself would be', async () => {
  const evaluate = async (overlay: object) =>
    outcome(await owner.post(`${authz}/evaluate`, { permission: 'auth:team:read', overlay }));
  const role = '0192d6a0-0000-7000-8000-00000000abce';
  expect(await evaluate({ roles: [{ id: role, permissions: ['nothing:*'] }] })).toEqual([422, 'UNKNOWN_PERMISSION']);
  expect(await evaluate({ roles: [{ id: role, parentRoleIds: [role] }] })).toEqual([422, 'ROLE_CYCLE']);
  expect(await evaluate({ roles: [{ id: role, parentRoleIds: ['nobody'] }] })).toEqual([422, 'REFERENCE_INVALID']);
  expect(await evaluate({ policies: [{ permissions: ['auth:team:read'], condition: 'x' }] })).toEqual([
    422,
    'CONDITION_INVALID',
  ]);
  expect(await evaluate({ surprise: [] })).toEqual([400, 'VALIDATION_ERROR']);
});

test('who may do something is listed page by page with what says so', async () => {
  const question = { permission: 'auth:team:update', resource: inTeam(inner) };
  const found: { id: string; by: object }[] = [];
  let cursor: string | undefined;
  do {
    const page = await admin.post(`${authz}/list-subjects`, { ...question, limit: 1, ...(cursor && { cursor }) });
    expect([page.status, page.body.data.length <= 1]).toEqual([200, true]);
    found.push(...page.body.data);
    cursor = page.body.meta.nextCursor;
  } while (cursor !== undefined);
  expect(found.map(({ id }) => id)).toEqual([a.owner.id, a.admin.id, a.member.id].toSorted());
  expect(found.every(({ by }) => 'bindingId' in by)).toBe(true);
  const first = await admin.post(`${authz}/list-subjects`, { ...question, limit: 1 });
  const moved = { ...question, permission: 'auth:team:read', cursor: first.body.meta.nextCursor };
  expect(outcome(await admin.post(`${authz}/list-subjects`, moved))).toEqual([400, 'INVALID_CURSOR']);
  expect(outcome(await member.post(`${authz}/list-subjects`, question))).toEqual([403, 'PERMISSION_DENIED']);
});

test('everybody sees where they may do what, and until when', async () => {
  const scopes = await member.get(`${authz}/scopes?permission=auth:team:update`);
  expect([scopes.status, scopes.body.data]).toEqual([
    200,
    {
      version: expect.any(Number),
      allowed: [
        {
          scopeType: 'team',
          scopeId: team,
          conditions: [],
          expiresAt: '2099-01-01T00:00:00.000Z',
          source: { kind: 'binding', bindingId: expect.any(String), rolePath: ['tenant-admin'] },
        },
      ],
      except: [],
    },
  ]);
  const own = await member.get('/api/v1/auth/me/permissions');
  const names = (own.body.data.permissions as { permission: string }[]).map(({ permission }) => permission);
  expect(names).toContain('auth:team:update');
  expect(names).not.toContain('auth:organization:delete');
  const path = `/api/v1/users/${a.member.id}/permissions`;
  expect((await admin.get(path)).body.data.permissions).toEqual(own.body.data.permissions);
  expect((await member.get(path)).body.data).toEqual(own.body.data);
  expect(outcome(await member.get(`/api/v1/users/${a.owner.id}/permissions`))).toEqual([403, 'PERMISSION_DENIED']);
  expect((await admin.get(`/api/v1/users/${b.owner.id}/permissions`)).status).toBe(404);
});

test('the catalogue of permissions names what services declare', async () => {
  const { status, body } = await member.get('/api/v1/auth/permissions');
  const byName = new Map((body.data as { name: string }[]).map((entry) => [entry.name, entry]));
  expect([status, body.meta.total]).toEqual([200, byName.size]);
  expect(byName.get('auth:binding:read')).toMatchObject({
    service: 'auth',
    resource: 'role-binding',
    role: 'admin',
    roles: ['auditor'],
    list: true,
    sensitive: false,
  });
});
