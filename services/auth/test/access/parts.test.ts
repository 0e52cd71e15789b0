import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

const bindings = '/api/v1/auth/role-bindings';
const organizations = '/api/v1/auth/organizations';
const projects = '/api/v1/auth/projects';

let auth: RunningAuth;
let a: TestTenant;
let owner: Caller;
/** Holds no role in the tenant as a whole: `viewer` in the organization music, `tenant-admin` in its team web. */
let guest: Caller;
let music: string;
let sports: string;
const teams: Record<string, string> = {};

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  [owner, guest] = await Promise.all([callerFor(auth, a.owner), callerFor(auth, a.viewer)]);
  const make = async (path: string, body: object): Promise<string> => (await owner.make(path, body)).id;
  [music, sports] = [
    await make(organizations, { slug: 'music', name: 'Music' }),
    await make(organizations, { slug: 'sports', name: 'Sports' }),
  ];
  for (const [slug, organizationId] of [
    ['web', music],
    ['ops', music],
    ['ball', sports],
  ] as const) {
    teams[slug] = await make('/api/v1/teams', { slug, name: slug, organizationId });
  }
  await make(projects, { slug: 'shop', name: 'Shop', ownerTeamId: teams['web'] });
  await make(projects, { slug: 'score', name: 'Score', ownerTeamId: teams['ball'] });
  const wide = await owner.get(`${bindings}?principalId=${a.viewer.id}`);
  for (const { id } of wide.body.data as { id: string }[]) await owner.delete(`${bindings}/${id}`);
  const user = { principalType: 'user', principalId: a.viewer.id, reason: 'guest' };
  await make(bindings, { ...user, roleId: 'viewer', scopeType: 'organization', scopeId: music });
  await make(bindings, { ...user, roleId: 'tenant-admin', scopeType: 'team', scopeId: teams['web'] });
}, 300_000);
afterAll(() => auth?.[Symbol.asyncDispose]());

async function slugsAt(path: string, who = guest): Promise<string[]> {
  const answer = await who.get(path);
  expect([answer.status, answer.body.meta.total]).toEqual([200, answer.body.data.length]);
  return answer.body.data.map(({ slug }: { slug: string }) => slug);
}

test('lists show and count what lies in the part alone', async () => {
  expect(await slugsAt(organizations)).toEqual(['music']);
  expect(await slugsAt('/api/v1/teams')).toEqual(['ops', 'web']);
  expect(await slugsAt(projects)).toEqual(['shop']);
  expect(await slugsAt('/api/v1/teams', owner)).toEqual(['ball', 'ops', 'web']);
  expect((await guest.get('/api/v1/users')).status).toBe(403);
});

test('what lies elsewhere does not exist', async () => {
  const statusOf = async (path: string) => (await guest.get(path)).status;
  expect(await statusOf(`${organizations}/${music}`)).toBe(200);
  expect(await statusOf(`/api/v1/teams/${teams['ops']}/tree`)).toBe(200);
  for (const path of [
    `${organizations}/${sports}`,
    `${organizations}/${sports}/members`,
    `/api/v1/teams/${teams['ball']}`,
    `/api/v1/teams/${teams['ball']}/tree`,
    `/api/v1/teams/${teams['ball']}/members`,
  ]) {
    expect([path, await statusOf(path)]).toEqual([path, 404]);
  }
});

test('changes are made where the role counts: else 403 for what is seen, 404 for what is not', async () => {
  const rename = async (slug: string) => (await guest.patch(`/api/v1/teams/${teams[slug]}`, { name: 'New' })).status;
  expect([await rename('web'), await rename('ops'), await rename('ball')]).toEqual([200, 403, 404]);
  const move = async (parentId: string | null) =>
    (await guest.patch(`/api/v1/teams/${teams['web']}`, { parentId })).status;
  expect([await move(teams['ops']!), await move(null)]).toEqual([403, 403]);
  const put = async (slug: string) =>
    (await guest.put(`/api/v1/teams/${teams[slug]}/members/${a.member.id}`, { role: 'member' })).status;
  expect([await put('web'), await put('ops'), await put('ball')]).toEqual([200, 403, 404]);
  expect((await guest.delete(`/api/v1/teams/${teams['ops']}`)).status).toBe(403);
  expect((await guest.patch(`${organizations}/${music}`, { name: 'New' })).status).toBe(403);
});

test('new teams and projects come to lie where the role counts', async () => {
  const team = async (more: object) => (await guest.post('/api/v1/teams', { name: 'Another', ...more })).status;
  expect([await team({ parentId: teams['web'] }), await team({ organizationId: music }), await team({})]).toEqual([
    201, 403, 403,
  ]);
  const project = async (more: object) => (await guest.post(projects, { name: 'Another', ...more })).status;
  expect([await project({ ownerTeamId: teams['web'] }), await project({ ownerTeamId: teams['ops'] })]).toEqual([
    201, 403,
  ]);
  const [shop] = (await guest.get(projects)).body.data.filter(({ slug }: { slug: string }) => slug === 'shop');
  const give = async (ownerTeamId: string | null) =>
    (await guest.patch(`${projects}/${shop.id}`, { ownerTeamId })).status;
  expect([await give(teams['ops']!), await give(null)]).toEqual([403, 403]);
});

test('who holds which role is seen, given and taken where the role counts', async () => {
  const web = { scopeType: 'team', scopeId: teams['web'] };
  const everywhere = await owner.make(bindings, {
    principalType: 'user',
    principalId: a.member.id,
    roleId: 'viewer',
    scopeType: 'team',
    scopeId: teams['ball'],
  });
  const grant = (roleId: string, scope: object) =>
    guest.post(bindings, { principalType: 'user', principalId: a.member.id, roleId, ...scope });
  const made = await grant('developer', web);
  expect(made.status, made.text).toBe(201);
  expect((await grant('developer', { scopeType: 'team', scopeId: teams['ball'] })).status).toBe(403);
  expect((await grant('viewer', { scopeType: 'organization', scopeId: music })).status).toBe(403);
  expect(outcome(await grant('viewer', {}))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await grant('tenant-owner', web))[0]).not.toBe(201);
  const assigned = await guest.post(`/api/v1/users/${a.member.id}/roles`, { roleId: 'auditor', ...web });
  expect(assigned.status, assigned.text).toBe(201);

  const listed = await guest.get(`${bindings}?principalId=${a.member.id}`);
  const ids = listed.body.data.map(({ id }: { id: string }) => id);
  expect([ids, listed.body.meta.total]).toEqual([[made.body.data.id, assigned.body.data.id], 2]);
  expect((await guest.get(bindings)).body.data.map(({ scopeId }: { scopeId: string }) => scopeId)).not.toContain(a.id);
  const ofOthers = `${bindings}/${everywhere.id}`;
  expect((await guest.get(ofOthers)).status).toBe(404);
  expect((await guest.patch(ofOthers, { reason: 'mine' })).status).toBe(404);
  expect((await guest.delete(ofOthers)).status).toBe(404);

  const path = `${bindings}/${made.body.data.id}`;
  expect((await guest.get(path)).body.data).toMatchObject({ roleId: 'developer', ...web });
  expect((await guest.patch(path, { reason: 'on call' })).status).toBe(200);
  expect((await guest.delete(path)).status).toBe(204);
});

test('invitations belong to the organization of who may invite there', async () => {
  const invitations = (organization: string) => `${organizations}/${organization}/invitations`;
  expect((await guest.get(invitations(music))).status).toBe(200);
  expect((await guest.get(invitations(sports))).status).toBe(404);
  const body = { email: 'new@example.com' };
  expect([
    (await guest.post(invitations(music), body)).status,
    (await guest.post(invitations(sports), body)).status,
  ]).toEqual([403, 404]);
  const user = { principalType: 'user', principalId: a.viewer.id };
  await owner.make(bindings, {
    ...user,
    roleId: 'organization-admin',
    scopeType: 'organization',
    scopeId: music,
  });
  // Who is invited comes to hold a role in the tenant, which nobody gives who does not hold it.
  expect(outcome(await guest.post(invitations(music), body))).toEqual([403, 'SCOPE_ESCALATION']);
  await owner.make(bindings, { ...user, roleId: 'member', scopeType: 'tenant' });
  const sent = await guest.post(invitations(music), body);
  expect(sent.status, sent.text).toBe(201);
  const { id } = sent.body.data as { id: string };
  expect((await guest.post(`${invitations(sports)}/${id}/resend`, null)).status).toBe(403);
  expect((await guest.post(`${invitations(music)}/${id}/resend`, null)).status).toBe(200);
  expect((await guest.delete(`${invitations(music)}/${id}`)).status).toBe(204);
});
