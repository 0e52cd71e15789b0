import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from './support/administration.ts';
import { audits } from './support/auth-database.ts';
import { makeTenant, type TestTenant } from './support/people.ts';
import { eventsOfType } from './support/published-events.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

const path = '/api/v1/teams';

let auth: RunningAuth;
let a: TestTenant;
let admin: Caller;
let member: Caller;
let viewer: Caller;
let stranger: Caller;
let counter = 0;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  const b = await makeTenant(auth, 'bolt');
  [admin, member, viewer, stranger] = await Promise.all([
    callerFor(auth, a.admin),
    callerFor(auth, a.member),
    callerFor(auth, a.viewer),
    callerFor(auth, b.owner),
  ]);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

interface Team {
  id: string;
  path: string[];
  depth: number;
  version: number;
  organizationId: string;
}

async function team(parentId?: string, more: object = {}): Promise<Team> {
  counter += 1;
  const body = {
    slug: `team-${counter}`,
    name: `Team ${counter}`,
    ...(parentId !== undefined && { parentId }),
    ...more,
  };
  return (await admin.make(path, body)) as unknown as Team;
}

/** Teams one below the other, from the top. */
async function chain(length: number): Promise<Team[]> {
  const teams: Team[] = [];
  for (let level = 0; level < length; level++) teams.push(await team(teams.at(-1)?.id));
  return teams;
}

const read = async (id: string) => (await admin.get(`${path}/${id}`)).body.data as Team;
const accessVersion = async () => {
  const { rows } = await auth.sql.query('select version::float from auth.access_versions where tenant_id = $1', [a.id]);
  return rows[0].version as number;
};

test('teams are nested five deep, and not six', async () => {
  const teams = await chain(5);
  expect(teams.map(({ depth }) => depth)).toEqual([1, 2, 3, 4, 5]);
  expect(teams[4]!.path).toEqual(teams.map(({ id }) => id));
  expect(outcome(await admin.post(path, { slug: 'six', name: 'Six', parentId: teams[4]!.id }))).toEqual([
    422,
    'UNPROCESSABLE',
  ]);
  const tree = await member.get(`${path}/${teams[1]!.id}/tree`);
  expect(tree.body.data.map(({ id }: Team) => id)).toEqual(teams.slice(1).map(({ id }) => id));
});

test('a move takes everything below along, tells so for each team, and raises the access version', async () => {
  const [top, middle, leaf] = await chain(3);
  const target = await team();
  const before = await accessVersion();
  const moved = await admin.patch(`${path}/${middle!.id}`, { parentId: target.id, name: 'Moved' });
  expect(moved.status).toBe(200);
  expect(moved.body.data).toMatchObject({ path: [target.id, middle!.id], version: 3, name: 'Moved' });
  expect((await read(leaf!.id)).path).toEqual([target.id, middle!.id, leaf!.id]);
  expect((await read(top!.id)).version).toBe(1);
  expect(await accessVersion()).toBeGreaterThan(before);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.TeamMoved');
  const told = events.filter(({ data }) => [middle!.id, leaf!.id].includes(data.teamId));
  expect(told.map(({ data, sequence }) => [data.teamId, data.path, sequence])).toEqual([
    [middle!.id, [target.id, middle!.id], 3],
    [leaf!.id, [target.id, middle!.id, leaf!.id], 2],
  ]);
  const firstLevel = await admin.patch(`${path}/${middle!.id}`, { parentId: null });
  expect(firstLevel.body.data).toMatchObject({ parentId: null, path: [middle!.id], depth: 1 });
});

test('a team cannot stand below itself, nor make six levels, nor leave its organization', async () => {
  const [top, middle, leaf] = await chain(3);
  for (const parentId of [top!.id, middle!.id, leaf!.id]) {
    expect(outcome(await admin.patch(`${path}/${top!.id}`, { parentId }))).toEqual([422, 'UNPROCESSABLE']);
  }
  const deep = await chain(3);
  expect(outcome(await admin.patch(`${path}/${top!.id}`, { parentId: deep[2]!.id }))).toEqual([422, 'UNPROCESSABLE']);
  const other = await admin.make('/api/v1/auth/organizations', { slug: 'elsewhere', name: 'Elsewhere' });
  const foreign = await team(undefined, { organizationId: other.id });
  expect(outcome(await admin.patch(`${path}/${leaf!.id}`, { parentId: foreign.id }))).toEqual([
    422,
    'REFERENCE_INVALID',
  ]);
  expect((await read(leaf!.id)).path).toEqual([top!.id, middle!.id, leaf!.id]);
});

test('two teams moved below each other at one moment make no ring', async () => {
  const [left, right] = [await team(), await team()];
  const answers = await Promise.all([
    admin.patch(`${path}/${left.id}`, { parentId: right.id }),
    admin.patch(`${path}/${right.id}`, { parentId: left.id }),
  ]);
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422]);
  const paths = [(await read(left.id)).path, (await read(right.id)).path];
  expect(paths.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([1, 2]);
});

test('a team with teams or projects stays; an empty one goes with its members and roles', async () => {
  const [top, leaf] = await chain(2);
  expect(outcome(await admin.delete(`${path}/${top!.id}`))).toEqual([409, 'CONFLICT']);
  const project = await admin.make('/api/v1/auth/projects', { slug: 'shop', name: 'Shop', ownerTeamId: leaf!.id });
  expect(outcome(await admin.delete(`${path}/${leaf!.id}`))).toEqual([409, 'CONFLICT']);
  const moved = await admin.patch(`/api/v1/auth/projects/${project.id}`, { ownerTeamId: top!.id });
  expect(moved.body.data).toMatchObject({ ownerTeamId: top!.id, version: 2 });
  await admin.put(`${path}/${leaf!.id}/members/${a.member.id}`, { role: 'member' });
  expect((await admin.delete(`${path}/${leaf!.id}`)).status).toBe(204);
  expect((await admin.get(`${path}/${leaf!.id}`)).status).toBe(404);
  const left = await auth.sql.query('select 1 from auth.team_memberships where team_id = $1', [leaf!.id]);
  expect(left.rows).toEqual([]);
  const removed = await eventsOfType(auth.sql, 'idp.auth.v1.TeamMemberRemoved');
  expect(removed.filter(({ data }) => data.teamId === leaf!.id)).toHaveLength(1);
  expect((await audits(auth, { resourceId: leaf!.id, action: 'auth:team:delete' })).length).toBe(1);
});

test('members come, change their role and go', async () => {
  const { id } = await team();
  const place = `${path}/${id}/members`;
  expect((await admin.put(`${place}/${a.member.id}`, { role: 'member' })).status).toBe(200);
  expect((await admin.put(`${place}/${a.member.id}`, { role: 'maintainer' })).status).toBe(200);
  expect((await viewer.get(place)).body).toMatchObject({
    data: [{ userId: a.member.id, email: a.member.email, role: 'maintainer' }],
    meta: { total: 1 },
  });
  expect((await viewer.get(`${path}?userId=${a.member.id}`)).body.data).toMatchObject([{ id }]);
  expect((await admin.delete(`${place}/${a.member.id}`)).status).toBe(204);
  expect(outcome(await admin.delete(`${place}/${a.member.id}`))).toEqual([404, 'NOT_FOUND']);
  expect(outcome(await admin.put(`${place}/${a.member.id}`, { role: 'boss' }))).toEqual([400, 'VALIDATION_ERROR']);
  for (const [type, count] of [
    ['idp.auth.v1.TeamMemberAdded', 1],
    ['idp.auth.v1.TeamMemberChanged', 1],
    ['idp.auth.v1.TeamMemberRemoved', 1],
  ] as const) {
    expect((await eventsOfType(auth.sql, type)).filter(({ data }) => data.teamId === id)).toHaveLength(count);
  }
});

test('a maintainer decides about the team and those below it, and about no other', async () => {
  const [top, middle, leaf] = await chain(3);
  await admin.put(`${path}/${middle!.id}/members/${a.member.id}`, { role: 'maintainer' });
  for (const { id } of [middle!, leaf!]) {
    expect((await member.put(`${path}/${id}/members/${a.viewer.id}`, { role: 'member' })).status).toBe(200);
    expect((await member.delete(`${path}/${id}/members/${a.viewer.id}`)).status).toBe(204);
  }
  expect(outcome(await member.put(`${path}/${top!.id}/members/${a.viewer.id}`, { role: 'member' }))).toEqual([
    403,
    'PERMISSION_DENIED',
  ]);
  expect(outcome(await viewer.put(`${path}/${leaf!.id}/members/${a.viewer.id}`, { role: 'member' }))).toEqual([
    403,
    'PERMISSION_DENIED',
  ]);
  expect((await member.delete(`${path}/${middle!.id}/members/${a.member.id}`)).status).toBe(204);
  expect((await member.put(`${path}/${leaf!.id}/members/${a.viewer.id}`, { role: 'member' })).status).toBe(403);
});

test('nothing of another tenant can be named', async () => {
  const { id } = await team();
  const own = (await stranger.make(path, { slug: 'own', name: 'Own' })) as unknown as Team;
  for (const answer of [
    await stranger.get(`${path}/${id}`),
    await stranger.get(`${path}/${id}/tree`),
    await stranger.get(`${path}/${id}/members`),
    await stranger.patch(`${path}/${id}`, { name: 'x' }),
    await stranger.delete(`${path}/${id}`),
    await stranger.put(`${path}/${id}/members/${a.member.id}`, { role: 'member' }),
    await stranger.put(`${path}/${own.id}/members/${a.member.id}`, { role: 'member' }),
  ]) {
    expect(outcome(answer)).toEqual([404, 'NOT_FOUND']);
  }
  expect(outcome(await stranger.patch(`${path}/${own.id}`, { parentId: id }))).toEqual([422, 'REFERENCE_INVALID']);
  expect(outcome(await stranger.post(path, { slug: 'x', name: 'x', parentId: id }))).toEqual([
    422,
    'REFERENCE_INVALID',
  ]);
  const project = { slug: 'x', name: 'x', ownerTeamId: id };
  expect(outcome(await stranger.post('/api/v1/auth/projects', project))).toEqual([422, 'REFERENCE_INVALID']);
});

test('a change that another made in between is not overwritten', async () => {
  const { id } = await team();
  expect((await admin.patch(`${path}/${id}`, { description: 'first' }, { 'if-match': '"1"' })).status).toBe(200);
  expect((await admin.patch(`${path}/${id}`, { description: 'late' }, { 'if-match': '"1"' })).status).toBe(412);
  expect((await admin.delete(`${path}/${id}`, { 'if-match': '"1"' })).status).toBe(412);
});
