import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, platformTenantId } from '@idp/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTenant } from '../src/operations/create-tenant.ts';
import { expireInvitations } from '../src/operations/invitations/expire-invitations.ts';
import { registerMember } from '../src/operations/register-member.ts';
import { insertPreparedUser, prepareUser } from '../src/operations/register-user.ts';
import { callerFor, outcome, type Caller } from './support/administration.ts';
import { audits } from './support/auth-database.ts';
import { makeTenant, password, signIn, type TestTenant } from './support/people.ts';
import { eventsOfType } from './support/published-events.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

const week = 7 * 86_400_000;

let auth: RunningAuth;
let a: TestTenant;
let directory: string;
let owner: Caller;
let admin: Caller;
let organizationId: string;
let place: string;
let counter = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-auth-mail-'));
  auth = await startAuth({ dataDirectory: directory });
  a = await makeTenant(auth, 'acme');
  [owner, admin] = await Promise.all([callerFor(auth, a.owner), callerFor(auth, a.admin)]);
  const made = await admin.make('/api/v1/auth/organizations', { slug: 'music', name: 'Music' });
  organizationId = made.id;
  place = `/api/v1/auth/organizations/${organizationId}/invitations`;
});
afterAll(async () => {
  await auth?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const address = () => `guest-${(counter += 1)}@example.test`;

/** Mails to an address, oldest first. */
async function mailsTo(email: string): Promise<string[]> {
  const folder = join(directory, 'mail');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml')).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.filter((text) => text.includes(`To: ${email}`));
}

/** The token of the newest of `count` mails to an address, once they are there. */
async function tokenMailed(email: string, count = 1): Promise<string> {
  await expect.poll(async () => (await mailsTo(email)).length, { timeout: 60_000 }).toBe(count);
  const mail = (await mailsTo(email)).at(-1)!.replaceAll('=\n', '');
  return /#token=(?:3D)?([A-Za-z0-9_-]{43})/.exec(mail)![1]!;
}

const register = (email: string, invitationToken?: string, more: object = {}) =>
  auth.request('POST', '/api/v1/auth/register', {
    body: { email, fullName: 'A Guest', password, ...(invitationToken !== undefined && { invitationToken }), ...more },
  });

test('somebody new is invited by mail, registers and works in the tenant, its organization and teams', async () => {
  const email = address();
  const team = await admin.make('/api/v1/teams', { slug: 'guests', name: 'Guests', organizationId });
  const invited = await admin.post(place, { email, role: 'organization-admin', teamIds: [team.id] });
  expect([invited.status, invited.body.data.state]).toEqual([201, 'pending']);
  const token = await tokenMailed(email);
  const answer = await register(email, token);
  expect([answer.status, answer.body.data]).toEqual([202, { status: 'accepted' }]);
  const guest = await callerFor(auth, { email, password });
  const me = (await guest.get('/api/v1/auth/me')).body.data;
  expect(me).toMatchObject({ email, emailVerified: true, tenant: { slug: 'acme' }, roles: ['member'] });
  expect((await guest.get(`/api/v1/users/${me.id}`)).body.data.teams).toMatchObject([{ id: team.id, role: 'member' }]);
  const members = (await guest.get(`/api/v1/auth/organizations/${organizationId}/members`)).body.data;
  expect(members).toMatchObject([{ userId: me.id, roles: ['organization-admin'] }]);
  expect((await admin.get(`${place}?state=accepted`)).body.data).toMatchObject([{ email, state: 'accepted' }]);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.InvitationAccepted');
  expect(events.filter(({ data }) => data.email === email)).toMatchObject([{ sequence: 2, data: { userId: me.id } }]);
  const kept = await auth.sql.query('select 1 from auth.one_time_tokens where subject_id = $1', [invited.body.data.id]);
  expect(kept.rows).toEqual([]);
});

test('the link is in the mail alone', async () => {
  const email = address();
  const made = await admin.post(place, { email });
  const token = await tokenMailed(email);
  expect(made.text).not.toContain(token);
  for (const table of ['invitations', 'outbox', 'audit_log', 'jobs']) {
    const { rows } = await auth.sql.query(`select 1 from auth.${table} as t where t::text like '%' || $1 || '%'`, [
      token,
    ]);
    expect({ table, rows }).toEqual({ table, rows: [] });
  }
});

test('registration needs the token that was sent to this address', async () => {
  const [email, other] = [address(), address()];
  await admin.post(place, { email });
  const token = await tokenMailed(email);
  for (const answer of [
    await register(email),
    await register(other, token),
    await register(email, 'x'.repeat(43)),
    await register(email, `${token}x`),
  ]) {
    expect(outcome(answer)).toEqual([403, 'SIGNUP_CLOSED']);
  }
  expect(outcome(await register(email, token, { password: 'password' }))).toEqual([422, 'PASSWORD_REJECTED']);
  expect((await register(email.toUpperCase().replace('EXAMPLE.TEST', 'example.test'), token)).status).toBe(202);
  expect(outcome(await register(email, token))).toEqual([403, 'SIGNUP_CLOSED']);
});

test('an address with an account is answered alike; the account joins when it says so', async () => {
  const email = address();
  const { tenantId } = await createTenant(auth.ctx, { slug: 'other', name: 'Other' });
  await registerMember(auth.ctx, { tenantId, email, name: 'Known', password, role: 'member' });
  await admin.post(place, { email, role: 'viewer' });
  const token = await tokenMailed(email);
  expect((await register(email, token, { password: 'another long password of mine' })).status).toBe(202);
  const known = await callerFor(auth, { email, password });
  expect((await known.get('/api/v1/auth/me')).body.data.memberships).toHaveLength(1);
  const joined = await known.post('/api/v1/auth/invitations/accept', { token });
  expect([joined.status, joined.body.data]).toEqual([
    200,
    { tenant: { id: a.id, slug: 'acme', name: 'acme' }, organizationId },
  ]);
  const there = await callerFor(auth, { email, password }, 'acme');
  expect((await there.get('/api/v1/auth/me')).body.data.roles).toEqual(['viewer']);
  expect(outcome(await known.post('/api/v1/auth/invitations/accept', { token }))).toEqual([404, 'NOT_FOUND']);
});

test('nobody else can answer, and a declined, canceled or newer one is dead', async () => {
  const email = address();
  await registerMember(auth.ctx, { tenantId: a.id, email, name: 'Known', password, role: 'member' });
  const asked = await callerFor(auth, { email, password });
  const stranger = await callerFor(auth, a.viewer);
  const accept = '/api/v1/auth/invitations/accept';
  const decline = '/api/v1/auth/invitations/decline';
  const { id } = await admin.make(place, { email });
  const first = await tokenMailed(email, 1);
  for (const path of [accept, decline]) expect(outcome(await stranger.post(path, { token: first }))[0]).toBe(404);
  expect((await admin.post(`${place}/${id}/resend`, null)).status).toBe(200);
  const second = await tokenMailed(email, 2);
  expect(outcome(await asked.post(accept, { token: first }))).toEqual([404, 'NOT_FOUND']);
  expect((await asked.post(decline, { token: second })).status).toBe(204);
  expect(outcome(await asked.post(accept, { token: second }))).toEqual([404, 'NOT_FOUND']);
  expect(outcome(await admin.delete(`${place}/${id}`))).toEqual([409, 'INVALID_STATE']);
  expect(outcome(await admin.post(`${place}/${id}/resend`, null))).toEqual([409, 'INVALID_STATE']);
  const again = await admin.make(place, { email });
  const third = await tokenMailed(email, 3);
  expect((await admin.delete(`${place}/${again.id}`)).status).toBe(204);
  expect(outcome(await asked.post(accept, { token: third }))).toEqual([404, 'NOT_FOUND']);
  const actions = (await audits(auth, { resourceId: id })).map(({ action }) => action);
  expect(actions).toEqual(['auth:invitation:create', 'auth:invitation:resend', 'auth:invitation:decline']);
});

test('nobody invites to what they do not hold, twice at a time, or into what does not exist', async () => {
  const email = address();
  expect(outcome(await admin.post(place, { email, role: 'tenant-owner' }))).toEqual([403, 'SCOPE_ESCALATION']);
  expect(outcome(await admin.post(place, { email, role: 'organization-owner' }))).toEqual([403, 'SCOPE_ESCALATION']);
  expect(outcome(await admin.post(place, { email, teamIds: [newId()] }))).toEqual([422, 'REFERENCE_INVALID']);
  const elsewhere = `/api/v1/auth/organizations/${newId()}/invitations`;
  expect(outcome(await admin.post(elsewhere, { email }))).toEqual([404, 'NOT_FOUND']);
  expect(outcome(await admin.post(place, { email: 'no address' }))).toEqual([400, 'VALIDATION_ERROR']);
  expect((await owner.post(place, { email, role: 'tenant-owner' })).status).toBe(201);
  expect(
    outcome(await owner.post(place, { email: email.toUpperCase().replace('EXAMPLE.TEST', 'example.test') })),
  ).toEqual([409, 'CONFLICT']);
  const member = await callerFor(auth, a.member);
  expect(outcome(await member.post(place, { email: address() }))).toEqual([403, 'PERMISSION_DENIED']);
});

test('a member of the tenant is invited to what it would gain by it alone', async () => {
  const { email } = a.member;
  const [byDefault] = (await owner.get('/api/v1/auth/organizations?limit=100')).body.data.filter(
    ({ slug }: { slug: string }) => slug === 'default',
  ) as [{ id: string }];
  const ofTenant = `/api/v1/auth/organizations/${byDefault.id}/invitations`;
  expect(outcome(await owner.post(ofTenant, { email, role: 'member' }))).toEqual([409, 'CONFLICT']);
  expect(outcome(await owner.post('/api/v1/users', { email, role: 'viewer' }))).toEqual([409, 'CONFLICT']);
  expect((await owner.post(ofTenant, { email, role: 'tenant-admin' })).status).toBe(201);
});

test('after seven days nobody can answer, and the sweep says so', async () => {
  const email = address();
  const { id } = (await owner.post('/api/v1/users', { email })).body.data as { id: string };
  const token = await tokenMailed(email);
  auth.setClock(week);
  expect(outcome(await register(email, token))).toEqual([403, 'SIGNUP_CLOSED']);
  await auth.ctx.database.tenant(a.id).write((tx) => expireInvitations(tx, auth.ctx), { global: true });
  auth.setClock();
  const { rows } = await auth.sql.query('select state from auth.invitations where id = $1', [id]);
  expect(rows).toEqual([{ state: 'expired' }]);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.InvitationExpired');
  expect(events.filter(({ data }) => data.invitationId === id)).toHaveLength(1);
});

test('a person whose registration died half-way goes on with the same link', async () => {
  const email = address();
  await admin.post(place, { email });
  const token = await tokenMailed(email);
  const user = await prepareUser(auth.ctx, { email, name: 'Half', password });
  await auth.ctx.database
    .tenant(platformTenantId)
    .write((tx) => insertPreparedUser(tx, user, auth.clock()), { global: true });
  await expect(signIn(auth, { email, password })).rejects.toThrow('401');
  expect((await register(email, token)).status).toBe(202);
  expect((await signIn(auth, { email, password })).accessToken).toBeDefined();
});
