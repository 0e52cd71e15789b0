import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  canonicalJson,
  createServiceTokenSource,
  declarationBody,
  digestOf,
  headKey,
  readServiceKey,
  signHead,
  type AccessHead,
  type Principal,
  type Revocation,
  type ServiceCalls,
  type SignedText,
} from '@idp/auth';
import { newId, platformTenantId } from '@idp/contracts';
import { publish } from '@idp/events';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { accessChanged } from '../../src/access/changed.ts';
import { declareManifest, manifestOf } from '../../src/access/manifests.ts';
import { createTenant } from '../../src/operations/create-tenant.ts';
import { endSession } from '../../src/operations/end-session.ts';
import { changeAccountState } from '../../src/operations/members/change-account-state.ts';
import { deleteTenant } from '../../src/operations/tenants/tenant-states.ts';
import { insertBinding } from '../../src/store/members/role-bindings.ts';
import { callerFor } from '../support/administration.ts';
import { authDatabase, type AuthDatabase } from '../support/auth-database.ts';
import { hearFrom } from '../support/other-service.ts';
import { makeTenant, signIn, type Person, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

vi.setConfig({ testTimeout: 120_000 });
/** On a busy machine a record may take its time to the bus and back. */
const patient = { timeout: 90_000, interval: 50 };

let database: AuthDatabase;
let auth: RunningAuth;
/** Another process of auth on the same database. */
let other: RunningAuth;
let a: TestTenant;
let directory: string;
let env: Record<string, string>;
let token: () => Promise<string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-service-keys-'));
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const file = join(directory, 'keys.json');
  await writeFile(file, JSON.stringify({ catalog: [{ ...(await exportJWK(pair.publicKey)), kid: 'catalog-1' }] }));
  const key = await readServiceKey(
    'catalog',
    JSON.stringify({ ...(await exportJWK(pair.privateKey)), kid: 'catalog-1' }),
  );
  database = await authDatabase();
  env = { SERVICE_KEYS_FILE: file };
  auth = await startAuth({ database, env });
  other = await startAuth({ database, env });
  a = await makeTenant(auth, 'acme');
  const tokens = createServiceTokenSource({ base: auth.url, key });
  token = () => tokens.tokenFor('idp:auth');
}, 300_000);
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await auth?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const storedVersion = async (tenantId: string): Promise<number> => {
  const { rows } = await database.sql.query<{ version: string }>(
    'select version from auth.access_heads where tenant_id = $1',
    [tenantId],
  );
  return Number(rows[0]?.version);
};

/** Gives a member one more role; the version that says so. */
function grant(to: Person, role = 'tenant-admin'): Promise<number> {
  const principal = { type: 'user', id: to.id } as const;
  return auth.ctx.database.tenant(a.id).write(
    async (tx) => {
      const scope = { type: 'tenant', id: tx.tenantId } as const;
      const more = { grantedBy: 'test', grantedVia: 'direct', reason: 'test', now: auth.clock() } as const;
      await insertBinding(tx, { id: newId(), principal, role, scope, ...more });
      return accessChanged(tx, auth.ctx, { principals: [principal] });
    },
    { global: true, unaudited: 'test' },
  );
}

const mayIn = (running: RunningAuth, person: Person, permission: string, tenantId = a.id) =>
  running.service.ports!.access.check({
    principal: { type: 'user', id: person.id, tenantId },
    permission,
  });

test('a grant is decided by at once here, and elsewhere when it has come over the bus', async () => {
  expect(await mayIn(auth, a.member, 'auth:team:create')).toMatchObject({ allowed: false });
  const version = await grant(a.member);
  expect(auth.ctx.accessStore.version(a.id)).toBe(version);
  expect(await mayIn(auth, a.member, 'auth:team:create')).toEqual({ allowed: true, reason: 'allowed', version });
  await expect.poll(() => other.ctx.accessStore.version(a.id), patient).toBe(version);
});

test('a write that is rolled back leaves no trace in memory', async () => {
  const before = auth.ctx.accessStore.version(a.id);
  const refused = auth.ctx.database.tenant(a.id).write(
    async (tx) => {
      await accessChanged(tx, auth.ctx, { tenant: true });
      throw new Error('refused');
    },
    { global: true, unaudited: 'test' },
  );
  await expect(refused).rejects.toThrow('refused');
  expect(auth.ctx.accessStore.version(a.id)).toBe(before);
  expect(await storedVersion(a.id)).toBe(before);
});

test('forged and rolled back heads change nothing, and the next genuine one counts', async () => {
  const keys = await auth.ctx.accessKeys.verifiers();
  const heads = await eventsOfType(database.sql, 'idp.auth.v1.AccessHeadPublished');
  const [first] = heads.filter(({ tenantId }) => tenantId === a.id);
  const old = JSON.parse(first!.data.payload) as AccessHead;
  const forger = { kid: [...keys.keys()][0]!, privateKey: generateKeyPairSync('ed25519').privateKey };
  const future = signHead({ ...old, version: Date.now() + 86_400_000 }, forger);
  const { payload, kid, signature } = first!.data;
  await sayHead(future);
  await sayHead({ payload, kid, signature });
  const version = await grant(a.viewer, 'member');
  await expect.poll(() => other.ctx.accessStore.version(a.id), patient).toBe(version);
});

function sayHead(data: SignedText): Promise<void> {
  return auth.ctx.database.tenant(a.id).write(
    async (tx) => {
      publish(tx, { type: 'idp.auth.v1.AccessHeadPublished', aggregateId: headKey, data });
    },
    { unaudited: 'test' },
  );
}

test('what a service declares belongs to the system roles of every tenant', async () => {
  const permission = 'catalog:thing:read';
  const manifest = { [permission]: { description: 'See things', resource: 'thing', role: 'viewer' } } as const;
  const { hash } = manifestOf('catalog', manifest);
  expect(await mayIn(auth, a.viewer, permission)).toMatchObject({ allowed: false, reason: 'not-granted' });
  await hearFrom(auth, {
    service: 'catalog',
    tenantId: platformTenantId,
    type: 'idp.common.v1.PermissionManifestPublished',
    data: { service: 'catalog', hash, body: canonicalJson(manifest) },
  });
  await expect.poll(async () => (await mayIn(auth, a.viewer, permission)).allowed, patient).toBe(true);
  expect(auth.ctx.accessStore.version(platformTenantId)).toBe(await storedVersion(platformTenantId));
});

test('what is declared in another tenant than the platform gives nobody anything and becomes a dead letter', async () => {
  const permission = 'catalog:thing:destroy';
  const manifest = { [permission]: { description: 'Destroy things', resource: 'thing', role: 'viewer' } } as const;
  const { hash } = manifestOf('catalog', manifest);
  await hearFrom(auth, {
    service: 'catalog',
    tenantId: a.id,
    type: 'idp.common.v1.PermissionManifestPublished',
    data: { service: 'catalog', hash, body: canonicalJson(manifest) },
  });
  const letters = async (): Promise<number | null> => {
    const found = await auth.sql.query(
      `select from auth.dead_letters where tenant_id = $1 and message = 'a manifest belongs to the platform'`,
      [a.id],
    );
    return found.rowCount;
  };
  await expect.poll(letters, patient).toBe(1);
  const kept = await auth.sql.query('select from auth.permission_manifests where hash = $1', [hash]);
  expect(kept.rowCount).toBe(0);
});

test.each([
  ['in the name of another', 'auth', 'auth:team:delete'],
  ['of the permissions of another', 'catalog', 'auth:team:delete'],
])('what a service declares %s gives nobody anything and becomes a dead letter', async (_of, service, permission) => {
  const manifest = { [permission]: { description: 'Delete teams', resource: 'team', role: 'viewer' } } as const;
  const { hash } = manifestOf(service, manifest);
  await hearFrom(auth, {
    service: 'catalog',
    tenantId: platformTenantId,
    type: 'idp.common.v1.PermissionManifestPublished',
    data: { service, hash, body: canonicalJson(manifest) },
  });
  const letters = async (): Promise<string[]> => {
    const { rows } = await auth.sql.query<{ error_code: string }>(
      `select error_code from auth.dead_letters where consumer = 'auth.permission-manifests' and message like $1`,
      [service === 'auth' ? 'catalog declares permissions for auth' : `catalog declares ${permission}`],
    );
    return rows.map(({ error_code: code }) => code);
  };
  await expect.poll(letters, patient).toEqual(['PERMISSION_DENIED']);
  const kept = await auth.sql.query('select from auth.permission_manifests where hash = $1', [hash]);
  expect(kept.rowCount).toBe(0);
  expect(await mayIn(auth, a.viewer, permission)).toMatchObject({ allowed: false, reason: 'not-granted' });
});

test('what a service declares to do elsewhere it may do in every tenant, and not what it declares no more', async () => {
  const declare = (calls: ServiceCalls): Promise<void> => {
    const hash = digestOf(canonicalJson(declarationBody({ manifest: {}, calls })));
    return auth.ctx.database
      .tenant(platformTenantId)
      .write((tx) => declareManifest(tx, auth.ctx, { service: 'catalog', hash, manifest: {}, calls }), {
        global: true,
        unaudited: 'test',
      });
  };
  const mayCatalog = async (permission: string): Promise<boolean> => {
    const principal = { type: 'service', id: 'service:catalog', tenantId: a.id } as const;
    return (await auth.service.ports!.access.check({ principal, permission })).allowed;
  };
  expect(await mayCatalog('auth:team:read')).toBe(false);
  await declare({ auth: ['auth:team:read'] });
  expect(await mayCatalog('auth:team:read')).toBe(true);
  expect(await mayCatalog('auth:team:update')).toBe(false);
  await declare({});
  expect(await mayCatalog('auth:team:read')).toBe(false);
});

test('services ask for decisions and whole tenants, and nobody else does', async () => {
  const headers = { token: await token() };
  const path = `/internal/v1/access/${a.id}`;
  const whole = await auth.request('GET', path, headers);
  expect(whole.status, whole.text).toBe(200);
  const { head, shards } = whole.body.data as { head: SignedText; shards: { name: string }[] };
  const read = JSON.parse(head.payload) as AccessHead;
  expect(shards.map(({ name }) => name).toSorted()).toEqual(Object.keys(read.shards).toSorted());
  expect(whole.headers['etag']).toBe(`"${read.version}"`);
  const known = { ...headers, headers: { 'if-none-match': `"${read.version}"` } };
  expect((await auth.request('GET', path, known)).status).toBe(304);
  expect((await auth.request('GET', `/internal/v1/access/${newId()}`, headers)).status).toBe(404);
  const principal = { type: 'user', id: a.owner.id, tenantId: a.id };
  const body = { principal, permission: 'auth:team:create', minVersion: read.version };
  const checked = await auth.request('POST', '/internal/v1/authz/check', { ...headers, body });
  expect([checked.status, checked.body.data]).toEqual([
    200,
    { allowed: true, reason: 'allowed', version: read.version },
  ]);
  for (const [method, at] of [['GET', path] as const, ['POST', '/internal/v1/authz/check'] as const]) {
    const refused = await auth.request(method, at, { ...(method === 'POST' && { body }) });
    expect(refused.status).toBe(401);
  }
});

test('what one process revokes is refused in the other, too', async () => {
  const heard: Revocation[] = [];
  other.service.ports!.revocations!.subscribe((revocation) => heard.push(revocation));
  const { sessionId } = await signIn(auth, a.viewer);
  await endSession(auth.ctx, { sessionId, tenantId: a.id, reason: 'user' });
  const owner = await callerFor(auth, a.owner);
  expect((await owner.post(`/api/v1/users/${a.viewer.id}/suspend`)).status).toBe(200);
  expect((await owner.delete(`/api/v1/users/${a.member.id}`)).status).toBe(204);
  const platform = { type: 'user', id: a.owner.id, tenantId: platformTenantId } as Principal;
  await changeAccountState(auth.ctx, { userId: a.admin.id, principal: platform, status: 'disabled', reason: '' });
  const { tenantId } = await createTenant(auth.ctx, { slug: 'bolt', name: 'bolt' });
  await auth.ctx.database
    .tenant(tenantId)
    .write((tx) => deleteTenant(tx, auth.ctx, { slug: 'bolt' }), { global: true });
  const version = expect.any(Number);
  const wanted = [
    { kind: 'session', id: sessionId },
    { kind: 'member', tenantId: a.id, id: a.viewer.id, version },
    { kind: 'member', tenantId: a.id, id: a.member.id, version },
    { kind: 'user', id: a.admin.id, epoch: 1 },
    { kind: 'tenant', id: tenantId, version },
  ];
  await expect
    .poll(() => heard, patient)
    .toEqual(expect.arrayContaining(wanted.map((each) => expect.objectContaining(each))));
});

test('a beat is sent past the outbox, and not while something waits there', async () => {
  const beats = () => eventsOfType(database.sql, 'idp.auth.v1.AccessBeat');
  await expect.poll(async () => (await beats()).length, patient).toBeGreaterThan(0);
  const quiet = { topics: ['idp.auth.access.v1'], ms: 600_000 };
  const beat = { type: 'idp.auth.v1.AccessBeat', data: {} } as const;
  const { signal } = new AbortController();
  expect(await auth.ctx.beat({ ...beat, quiet }, signal)).toBe(true);
  expect(await auth.ctx.beat({ ...beat, quiet: { ...quiet, ms: 0 } }, signal)).toBe(false);
  const foreign = { type: 'idp.auth.v1.UserRegistered', data: {}, quiet } as const;
  await expect(auth.ctx.beat(foreign, signal)).rejects.toThrow('sends no beats');
});

test('a start compiles what never was, fills an emptied bus, and no version goes back', async () => {
  const before = await storedVersion(a.id);
  await other[Symbol.asyncDispose]();
  await auth[Symbol.asyncDispose]();
  await database.sql.query('delete from auth.access_heads where tenant_id = $1', [a.id]);
  await database.sql.query('delete from auth.access_shards where tenant_id = $1', [a.id]);
  await database.sql.query(`delete from auth.outbox where topic = 'idp.auth.access.v1'`);
  await database.sql.query(`delete from bus.records where topic = 'idp.auth.access.v1'`);
  [auth, other] = [await startAuth({ database, env }), await startAuth({ database, env })];
  const version = auth.ctx.accessStore.version(a.id)!;
  expect(version).toBeGreaterThan(before);
  expect(await mayIn(auth, a.owner, 'auth:team:create')).toMatchObject({ allowed: true, version });
  const heads = async () => {
    const events = await eventsOfType(database.sql, 'idp.auth.v1.AccessHeadPublished');
    return new Set(events.map(({ tenantId }) => tenantId));
  };
  await expect.poll(heads, patient).toContain(a.id);
  await expect.poll(heads, patient).toContain(platformTenantId);
});
