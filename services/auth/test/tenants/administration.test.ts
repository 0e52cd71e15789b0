import { newId, platformTenantId } from '@idp/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFor, outcome, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, testOwner, type RunningAuth } from '../support/running-auth.ts';

const path = '/api/v1/auth/tenants';

let auth: RunningAuth;
let a: TestTenant;
let owner: Caller;
let member: Caller;
let stranger: Caller;
let platform: Caller;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  const b = await makeTenant(auth, 'bolt');
  [owner, member, stranger, platform] = await Promise.all([
    callerFor(auth, a.owner),
    callerFor(auth, a.member),
    callerFor(auth, b.owner),
    callerFor(auth, testOwner, 'platform'),
  ]);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

test('its people and the platform see a tenant, by id and as the current one', async () => {
  for (const caller of [member, platform]) {
    expect((await caller.get(`${path}/${a.id}`)).body.data).toMatchObject({ id: a.id, slug: 'acme', status: 'active' });
  }
  expect((await member.get(`${path}/current`)).body.data.id).toBe(a.id);
  expect((await platform.get(`${path}/current`)).body.data.id).toBe(platformTenantId);
  expect((await member.get(`${path}/current/provisioning`)).body.data).toMatchObject([
    { service: 'auth', preparedAt: expect.any(String), purgedAt: null },
  ]);
  const { etag } = (await member.get(`${path}/current`)).headers;
  expect((await member.get(`${path}/current`, { 'if-none-match': String(etag) })).status).toBe(304);
});

test('a tenant of others is one that does not exist', async () => {
  for (const id of [a.id, newId()]) {
    for (const answer of [
      await stranger.get(`${path}/${id}`),
      await stranger.patch(`${path}/${id}`, { name: 'x' }),
      await stranger.get(`${path}/${id}/config`),
      await stranger.patch(`${path}/${id}/config`, { mfa: 'all' }),
      await stranger.get(`${path}/${id}/provisioning`),
      await stranger.delete(`${path}/${id}?slug=acme`),
    ]) {
      expect(outcome(answer)).toEqual([404, 'NOT_FOUND']);
    }
  }
});

test('the wall between tenants is looked at in every service, now', async () => {
  const isolation = async () => (await member.get(`${path}/current/isolation`)).body.data;
  const sound = await isolation();
  expect(sound.services).toMatchObject([
    { service: 'auth', passed: true, findings: [] },
    { service: 'catalog', passed: true, findings: [] },
  ]);
  await auth.sql.query('alter table auth.teams no force row level security');
  const holed = await isolation();
  await auth.sql.query('alter table auth.teams force row level security');
  expect(holed.services).toMatchObject([
    { service: 'auth', passed: false, findings: [{ rule: 'row security', object: 'teams' }] },
    { service: 'catalog', passed: true, sha256: sound.services[1].sha256 },
  ]);
  expect((await isolation()).services).toEqual(sound.services);
  expect(outcome(await stranger.get(`${path}/${a.id}/isolation`))).toEqual([404, 'NOT_FOUND']);
});

test('the platform makes a tenant and its owner is invited', async () => {
  const wanted = { slug: 'newco', name: 'New Company', tier: 'enterprise', region: 'eu', ownerEmail: 'ada@newco.test' };
  expect(outcome(await owner.post(path, wanted))).toEqual([403, 'PERMISSION_DENIED']);
  const made = await platform.post(path, wanted);
  expect(made.body.data).toMatchObject({
    slug: 'newco',
    name: 'New Company',
    status: 'active',
    tier: 'enterprise',
    region: 'eu',
  });
  expect(made.headers['location']).toBe(`${path}/${made.body.data.id}`);
  const { rows } = await auth.sql.query('select email, role, state from auth.invitations where tenant_id = $1', [
    made.body.data.id,
  ]);
  expect(rows).toEqual([{ email: 'ada@newco.test', role: 'tenant-owner', state: 'pending' }]);
  expect(outcome(await platform.post(path, wanted))).toEqual([409, 'CONFLICT']);
  expect(outcome(await platform.post(path, { ...wanted, slug: 'admin' }))).toEqual([422, 'NAME_RESERVED']);
  expect(outcome(await platform.post(path, { ...wanted, slug: 'No' }))).toEqual([400, 'VALIDATION_ERROR']);
});

test('a name is changed where it was read; tier and region by the platform alone', async () => {
  const before = (await owner.get(`${path}/current`)).body.data;
  const renamed = await owner.patch(`${path}/current`, { name: 'Acme' }, { 'if-match': `"${before.version}"` });
  expect(renamed.body.data).toMatchObject({ name: 'Acme', version: before.version + 1 });
  const late = await owner.patch(`${path}/current`, { name: 'Late' }, { 'if-match': `"${before.version}"` });
  expect(late.status).toBe(412);
  expect(outcome(await member.patch(`${path}/current`, { name: 'x' }))).toEqual([403, 'PERMISSION_DENIED']);
  expect(outcome(await owner.patch(`${path}/current`, { tier: 'free' }))).toEqual([403, 'PERMISSION_DENIED']);
  expect((await platform.patch(`${path}/${a.id}`, { tier: 'free', region: null })).body.data.tier).toBe('free');
});

test('settings are merged, checked and told', async () => {
  const config = `${path}/current/config`;
  const configured = await owner.patch(config, { mfa: 'optional', session: { idleSeconds: 3_600 } });
  expect(configured.body.data).toEqual({ mfa: 'optional', session: { idleSeconds: 3_600 } });
  const merged = await owner.patch(config, { mfa: null, session: { maxSeconds: 7_200 } });
  expect(merged.body.data).toEqual({ session: { idleSeconds: 3_600, maxSeconds: 7_200 } });
  expect(outcome(await owner.patch(config, { unknown: 1 }))).toEqual([400, 'VALIDATION_ERROR']);
  expect(outcome(await owner.patch(config, { mfa: 'all' }, { 'if-match': '"1"' }))[0]).toBe(412);
  expect(outcome(await owner.patch(config, { ratePlan: 'enterprise' }))).toEqual([403, 'PERMISSION_DENIED']);
  expect((await platform.patch(`${path}/${a.id}/config`, { ratePlan: 'free' })).body.data.ratePlan).toBe('free');
  expect((await owner.get(config)).body.data).toEqual({
    session: { idleSeconds: 3_600, maxSeconds: 7_200 },
    ratePlan: 'free',
  });
  // The snapshot has it, by which every gateway knows the limit of the tenant.
  const planOf = () => auth.service.ports!.access.world(a.id)?.tenant.ratePlan;
  await expect.poll(planOf).toBe('free');
  const events = (await eventsOfType(auth.sql, 'idp.auth.v1.TenantConfigChanged')).filter(
    ({ data }) => data.tenantId === a.id,
  );
  expect(events.slice(-3).map(({ data }) => data.configVersion)).toEqual([2n, 3n, 4n]);
  const versions = events.map(({ sequence }) => sequence!);
  expect(versions).toEqual(versions.map((_version, index) => versions[0]! + index));
  expect(await audits(auth, { action: 'auth:tenant:configure', resourceId: a.id })).toHaveLength(3);
});
