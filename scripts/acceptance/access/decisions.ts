import { expect } from 'vitest';
import { outcome, type Person } from './caller.ts';
import { hire, hireGuest, openCompany, type Company } from './company.ts';
import { patient, type Place } from './place.ts';

const authz = '/api/v1/auth/authz';

/** Teams web and ops, and somebody who keeps the first one. */
async function arrange(place: Place) {
  const company = await openCompany(place);
  const { owner } = company;
  const keeper = await hire(place, company, 'viewer');
  const team = async (slug: string) => (await owner.auth.make('/api/v1/teams', { name: slug, slug })).id;
  const [web, ops] = [await team('web'), await team('ops')];
  const grant = { roleId: 'tenant-admin', scopeType: 'team', scopeId: web };
  await owner.auth.make(`/api/v1/users/${keeper.id}/roles`, grant);
  return { company, owner, keeper, web, ops };
}

const question = (teamId: string, principal?: Person) => ({
  permission: 'auth:team:update',
  resource: { type: 'team', scope: { teamId } },
  ...(principal && { principal: { type: 'user', id: principal.id } }),
});

/** Auth §8.13: the questions about rights, asked of oneself and of others. */
export async function expectQuestionsToBeAnswered(place: Place): Promise<void> {
  const { owner, keeper, web, ops } = await arrange(place);
  const check = async (by: Person, body: object) => (await by.auth.post(`${authz}/check`, body)).body.data?.allowed;
  expect([await check(keeper, question(web)), await check(keeper, question(ops))]).toEqual([true, false]);
  expect(await check(owner, question(ops, keeper))).toBe(false);
  const others = await keeper.auth.post(`${authz}/check`, question(web, owner));
  expect(outcome(others)).toEqual([403, 'PERMISSION_DENIED']);
  const unknown = await keeper.auth.post(`${authz}/check`, { permission: 'auth:dragon:tame' });
  expect(outcome(unknown)).toEqual([422, 'UNKNOWN_PERMISSION']);

  const items = [
    { id: 'a', ...question(web) },
    { id: 'b', ...question(ops) },
  ];
  const batch = await keeper.auth.post(`${authz}/batch-check`, { items });
  expect(batch.body.data.items).toEqual([
    { id: 'a', allowed: true },
    { id: 'b', allowed: false },
  ]);

  const subjects = async (teamId: string) => {
    const { permission, resource } = question(teamId);
    const answer = await owner.auth.post(`${authz}/list-subjects`, { permission, resource });
    return answer.body.data.map(({ id }: { id: string }) => id).toSorted();
  };
  expect(await subjects(web)).toEqual([owner.id, keeper.id].toSorted());
  expect(await subjects(ops)).toEqual([owner.id]);
  const scopes = await keeper.auth.get(`${authz}/scopes?permission=auth:team:update`);
  expect(scopes.body.data.allowed).toMatchObject([{ scopeType: 'team', scopeId: web }]);
}

/** What there is of roles, bindings and policies, and how often anything of the tenant was changed. */
async function stored(place: Place, { id, owner }: Company): Promise<unknown> {
  const lists = await Promise.all(
    ['roles', 'role-bindings', 'policies'].map(async (name) => (await owner.auth.get(`/api/v1/auth/${name}`)).text),
  );
  const data = lists.map((text) => (JSON.parse(text) as { data: unknown }).data);
  const counted = `select (select count(*) from auth.audit_log where tenant_id = $1 and outcome = 'succeeded')::int as audited,
    (select version::text from auth.access_versions where tenant_id = $1) as version`;
  return [data, (await place.sql.query(counted, [id])).rows];
}

/** Auth §8.13: what would be is answered, and nothing of it is kept. */
export async function expectRehearsalsToLeaveNothing(place: Place): Promise<void> {
  const { company, owner, keeper, web, ops } = await arrange(place);
  const role = await owner.auth.make('/api/v1/auth/roles', {
    name: 'Reader',
    rules: [{ permission: 'auth:team:read' }],
  });
  const grant = { principalType: 'user', principalId: keeper.id, roleId: role.id };
  const binding = await owner.auth.make('/api/v1/auth/role-bindings', grant);
  const policy = await owner.auth.make('/api/v1/auth/policies', {
    name: 'Stay',
    permissions: ['auth:team:delete'],
    subjects: { roleIds: [role.id] },
  });
  const before = await stored(place, company);

  const overlay = {
    bindings: [{ ...grant, roleId: 'tenant-admin', scopeType: 'team', scopeId: ops }],
    policies: [{ permissions: ['auth:team:update'], scopeType: 'team', scopeId: web }],
  };
  const evaluate = async (teamId: string, more: object = {}) =>
    (await owner.auth.post(`${authz}/evaluate`, { ...question(teamId, keeper), ...more })).body.data;
  expect(await evaluate(web)).toMatchObject({ allowed: true });
  expect(await evaluate(ops)).toMatchObject({ allowed: false });
  expect(await evaluate(web, { overlay })).toMatchObject({ allowed: false });
  const would = await evaluate(ops, { overlay });
  expect(would.allowed).toBe(true);
  expect(would.statements.length).toBeGreaterThan(0);

  const [roles, bindings, policies] = ['roles', 'role-bindings', 'policies'].map((name) => `/api/v1/auth/${name}`);
  const wider = { ...grant, roleId: 'tenant-admin' };
  const dry = await owner.auth.post(`${bindings}?dryRun=true`, wider);
  expect([dry.status, dry.body.data.gains.length > 0, dry.body.data.losses]).toEqual([200, true, []]);
  for (const answer of [
    await owner.auth.post(`${roles}?dryRun=true`, { name: 'never made' }),
    await owner.auth.patch(`${roles}/${role.id}?dryRun=true`, { rules: [{ permission: 'auth:project:read' }] }),
    await owner.auth.patch(`${bindings}/${binding.id}?dryRun=true`, { expiresAt: '2099-01-01T00:00:00Z' }),
    await owner.auth.delete(`${bindings}/${binding.id}?dryRun=true`),
    await owner.auth.post(`${policies}?dryRun=true`, { name: 'never', permissions: ['auth:team:update'] }),
    await owner.auth.patch(`${policies}/${policy.id}?dryRun=true`, { enabled: false }),
    await owner.auth.delete(`${policies}/${policy.id}?dryRun=true`),
  ]) {
    expect([answer.status, Object.keys(answer.body.data)]).toEqual([200, ['gains', 'losses', 'truncated']]);
  }
  expect(await stored(place, company)).toEqual(before);
}

/** Who sends back the version of a change is never judged by a world before it, in any process. */
export async function expectOwnChangesToCount(place: Place): Promise<void> {
  const company = await openCompany(place);
  const guest = await hireGuest(place, company);
  const grant = { principalType: 'user', principalId: guest.id, roleId: 'viewer' };
  for (let round = 0; round < 5; round += 1) {
    const made = await company.owner.auth.post('/api/v1/auth/role-bindings', grant);
    const version = { 'x-authz-version': made.headers.get('x-authz-version')! };
    const read = async () => (await guest.catalog.get('/api/v1/services?limit=1', version)).status;
    const first = await read();
    // 503: the process says that it cannot know yet. What it never says is the answer of before.
    expect([200, 503]).toContain(first);
    await expect.poll(read, patient).toBe(200);
    const taken = await company.owner.auth.delete(`/api/v1/auth/role-bindings/${made.body.data.id}`);
    const later = { 'x-authz-version': taken.headers.get('x-authz-version')! };
    const again = (await guest.catalog.get('/api/v1/services?limit=1', later)).status;
    expect([403, 503]).toContain(again);
  }
  const ahead = { 'x-authz-version': String(Date.now() + 86_400_000) };
  const aheadOfAll = async () => (await guest.catalog.get('/api/v1/services?limit=1', ahead)).status;
  await expect.poll(aheadOfAll, patient).toBe(400);
}
