import { newId } from '@idp/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from './support/administration.ts';
import { audits } from './support/auth-database.ts';
import { makeTenant, type TestTenant } from './support/people.ts';
import { eventsOfType } from './support/published-events.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

const path = '/api/v1/auth/organizations';

let auth: RunningAuth;
let a: TestTenant;
let owner: Caller;
let admin: Caller;
let member: Caller;
let stranger: Caller;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  const b = await makeTenant(auth, 'bolt');
  [owner, admin, member, stranger] = await Promise.all([
    callerFor(auth, a.owner),
    callerFor(auth, a.admin),
    callerFor(auth, a.member),
    callerFor(auth, b.owner),
  ]);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

test('an organization is made, read, renamed and deleted, with audit rows and events', async () => {
  const created = await admin.post(path, { slug: 'music', name: 'Music' });
  expect(created.status).toBe(201);
  const { id } = created.body.data as { id: string };
  expect(created.headers['location']).toBe(`${path}/${id}`);
  expect(created.headers['etag']).toBe('"1"');
  expect((await member.get(`${path}/${id}`)).body.data).toMatchObject({
    slug: 'music',
    name: 'Music',
    tier: 'standard',
  });
  expect((await member.get(`${path}/${id}`, { 'if-none-match': '"1"' })).status).toBe(304);
  const renamed = await admin.patch(`${path}/${id}`, { name: 'All music' }, { 'if-match': '"1"' });
  expect([renamed.status, renamed.body.data.version, renamed.headers['etag']]).toEqual([200, 2, '"2"']);
  expect(outcome(await admin.patch(`${path}/${id}`, { name: 'x' }, { 'if-match': '"1"' }))).toEqual([
    412,
    'PRECONDITION_FAILED',
  ]);
  expect((await owner.delete(`${path}/${id}`)).status).toBe(204);
  expect((await owner.get(`${path}/${id}`)).status).toBe(404);
  expect((await owner.delete(`${path}/${id}`)).status).toBe(404);
  const actions = (await audits(auth, { resourceId: id })).map(({ action }) => action);
  expect(actions).toEqual(['auth:organization:create', 'auth:organization:update', 'auth:organization:delete']);
  for (const [type, sequence] of [
    ['idp.auth.v1.OrganizationCreated', 1],
    ['idp.auth.v1.OrganizationUpdated', 2],
    ['idp.auth.v1.OrganizationDeleted', 3],
  ] as const) {
    const events = (await eventsOfType(auth.sql, type)).filter(({ data }) => data.organizationId === id);
    expect(events).toMatchObject([{ sequence, tenantId: a.id, data: { slug: 'music', tenantId: a.id } }]);
  }
});

test('a slug is taken once, may be reserved, and is free again after the end', async () => {
  const { id } = await admin.make(path, { slug: 'films', name: 'Films' });
  expect(outcome(await admin.post(path, { slug: 'films', name: 'x' }))).toEqual([409, 'NAME_TAKEN']);
  expect(outcome(await admin.post(path, { slug: 'api', name: 'x' }))).toEqual([422, 'NAME_RESERVED']);
  expect(outcome(await admin.post(path, { slug: 'No Slug', name: 'x' }))).toEqual([400, 'VALIDATION_ERROR']);
  expect((await owner.delete(`${path}/${id}`)).status).toBe(204);
  await admin.make(path, { slug: 'films', name: 'Films again' });
});

test('one Idempotency-Key makes one organization', async () => {
  const headers = { 'idempotency-key': 'games' };
  const answers = [];
  for (let count = 0; count < 2; count++) {
    answers.push(await admin.post(path, { slug: 'games', name: 'Games' }, headers));
  }
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  expect(answers[1]!.text).toBe(answers[0]!.text);
  expect(answers[1]!.headers['idempotency-replayed']).toBe('true');
});

test('members may read and not write; only the owner deletes', async () => {
  const { id } = await admin.make(path, { slug: 'rights', name: 'Rights' });
  expect((await member.get(path)).status).toBe(200);
  expect(outcome(await member.post(path, { slug: 'mine', name: 'Mine' }))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await member.patch(`${path}/${id}`, { name: 'Mine' }))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await admin.delete(`${path}/${id}`))).toEqual([403, 'PERMISSION_DENIED']);
});

test('an organization of another tenant is one that does not exist', async () => {
  const { id } = await admin.make(path, { slug: 'hidden', name: 'Hidden' });
  for (const unknown of [id, newId()]) {
    expect(outcome(await stranger.get(`${path}/${unknown}`))).toEqual([404, 'NOT_FOUND']);
    expect(outcome(await stranger.patch(`${path}/${unknown}`, { name: 'x' }))).toEqual([404, 'NOT_FOUND']);
    expect(outcome(await stranger.delete(`${path}/${unknown}`))).toEqual([404, 'NOT_FOUND']);
    expect(outcome(await stranger.get(`${path}/${unknown}/members`))).toEqual([404, 'NOT_FOUND']);
  }
});

test('the default organization and one that holds something stay', async () => {
  const [first] = (await owner.get(`${path}?limit=1`)).body.data;
  expect(first.slug).toBe('default');
  expect(outcome(await owner.delete(`${path}/${first.id}`))).toEqual([409, 'CONFLICT']);
  const { id: organizationId } = await admin.make(path, { slug: 'busy', name: 'Busy' });
  const project = await admin.make('/api/v1/auth/projects', { slug: 'only', name: 'Only', organizationId });
  expect(outcome(await owner.delete(`${path}/${organizationId}`))).toEqual([409, 'CONFLICT']);
  expect((await admin.delete(`/api/v1/auth/projects/${project.id}`)).status).toBe(204);
  expect((await owner.delete(`${path}/${organizationId}`)).status).toBe(204);
});

test('pages by cursor and by number show the same rows, each once', async () => {
  const all = (await member.get(`${path}?limit=100`)).body;
  expect(all.meta.total).toBe(all.data.length);
  const slugs = all.data.map(({ slug }: { slug: string }) => slug) as string[];
  expect(slugs).toEqual(slugs.toSorted());
  const walked: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await member.get(`${path}?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    expect([page.status, page.body.meta.total]).toEqual([200, slugs.length]);
    walked.push(...page.body.data.map(({ slug }: { slug: string }) => slug));
    cursor = page.body.meta.nextCursor as string | undefined;
  } while (cursor !== undefined);
  expect(walked).toEqual(slugs);
  const numbered = [1, 2, 3].map(async (page) => (await member.get(`${path}?limit=2&page=${page}`)).body.data);
  expect((await Promise.all(numbered)).flat().map(({ slug }: { slug: string }) => slug)).toEqual(slugs.slice(0, 6));
  const first = await member.get(`${path}?limit=2`);
  const foreign = `cursor=${first.body.meta.nextCursor}`;
  expect(outcome(await admin.get(`${path}?limit=2&${foreign}`))).toEqual([400, 'INVALID_CURSOR']);
  expect(outcome(await member.get(`${path}?page=1&${foreign}`))).toEqual([400, 'VALIDATION_ERROR']);
  expect((await member.get(`${path}?limit=101`)).status).toBe(400);
});
