import { platformTenantId } from '@idp/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setUpPlatform } from '../src/operations/setup/set-up-platform.ts';
import { audits, authDatabase, type AuthDatabase } from './support/auth-database.ts';
import { startAuth, testOwner } from './support/running-auth.ts';
import { eventsOfType } from './support/published-events.ts';

// Every test starts the service, some of them twice.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let database: AuthDatabase;

beforeEach(async () => {
  database = await authDatabase();
});
afterEach(() => database[Symbol.asyncDispose]());

const nobodyNamed = { IDP_ADMIN_EMAIL: '', IDP_ADMIN_PASSWORD: '' };

const count = async (table: string): Promise<number> => {
  const { rows } = await database.sql.query(`select count(*)::int as count from auth.${table}`);
  return rows[0].count;
};

test('the first start makes tenant, organization and owner, who holds tenant-owner there and platform-admin', async () => {
  await using auth = await startAuth({ database });
  const tenants = await database.sql.query('select id, slug, status from auth.tenants order by slug');
  expect(tenants.rows).toEqual([
    { id: expect.any(String), slug: 'default', status: 'active' },
    { id: platformTenantId, slug: 'platform', status: 'active' },
  ]);
  const bindings = await database.sql.query('select tenant_id, role_id from auth.role_bindings order by role_id');
  expect(bindings.rows).toEqual([
    { tenant_id: platformTenantId, role_id: 'platform-admin' },
    { tenant_id: tenants.rows[0].id, role_id: 'tenant-owner' },
  ]);
  const users = await database.sql.query(
    'select email, status, email_verified_at is not null as verified from auth.users',
  );
  expect(users.rows).toEqual([{ email: 'owner@localhost', status: 'active', verified: true }]);
  expect(await count('organizations')).toBe(1);
  const { rows: receipts } = await database.sql.query('select tenant_id, service from auth.tenant_receipts');
  expect(receipts).toEqual([{ tenant_id: tenants.rows[0].id, service: 'auth' }]);
  const login = await auth.request('POST', '/api/v1/auth/login', { body: testOwner });
  expect(login.body.data.tenant.slug).toBe('default');
});

test('the first start is audited and told', async () => {
  await using auth = await startAuth({ database });
  const rows = await audits(auth, { outcome: 'succeeded' });
  expect(rows.map(({ action, actor }) => `${action} ${actor}`).toSorted()).toEqual([
    'auth:member:add service:auth',
    'auth:member:add service:auth',
    'auth:tenant:create service:auth',
    'auth:user:register service:auth',
  ]);
  expect(JSON.stringify(rows)).not.toContain('argon2');
  expect(JSON.stringify(rows)).not.toContain(testOwner.password);
  expect(await eventsOfType(auth.sql, 'idp.auth.v1.TenantCreated')).toMatchObject([
    { sequence: 1, data: { slug: 'default' } },
  ]);
  expect(await eventsOfType(auth.sql, 'idp.auth.v1.UserRegistered')).toMatchObject([
    { tenantId: platformTenantId, sequence: 1, data: { email: 'owner@localhost' } },
  ]);
  expect(await eventsOfType(auth.sql, 'idp.auth.v1.MemberAdded')).toHaveLength(2);
  const recorded = await eventsOfType(auth.sql, 'idp.common.v1.AuditRecorded');
  expect(recorded.map(({ data }) => data.auditId).toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
});

test('a second start changes nothing, whatever the variables say', async () => {
  await (await startAuth({ database }))[Symbol.asyncDispose]();
  const env = { IDP_ADMIN_EMAIL: 'second@localhost', IDP_ADMIN_PASSWORD: 'short', IDP_TENANT: 'Other' };
  await using auth = await startAuth({ database, env });
  expect(await count('users')).toBe(1);
  expect(await count('tenants')).toBe(2);
  expect(await count('signing_keys')).toBe(1);
  const login = await auth.request('POST', '/api/v1/auth/login', { body: testOwner });
  expect(login.status).toBe(200);
});

test('tokens of before a restart are still good after it', async () => {
  const before = await startAuth({ database });
  const { data } = (await before.request('POST', '/api/v1/auth/login', { body: testOwner })).body;
  await before[Symbol.asyncDispose]();
  await using auth = await startAuth({ database });
  expect((await auth.request('GET', '/api/v1/auth/me', { token: data.accessToken })).status).toBe(200);
  const refreshed = await auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken: data.refreshToken } });
  expect(refreshed.status).toBe(200);
});

test('two processes that start at once make one key, one owner and one tenant', async () => {
  const both = await Promise.all([startAuth({ database }), startAuth({ database })]);
  expect([await count('users'), await count('tenants'), await count('signing_keys')]).toEqual([1, 2, 1]);
  const [first, second] = both;
  const { data } = (await first.request('POST', '/api/v1/auth/login', { body: testOwner })).body;
  expect((await second.request('GET', '/api/v1/auth/me', { token: data.accessToken })).status).toBe(200);
  for (const auth of both) await auth[Symbol.asyncDispose]();
});

test('a first owner whose tenant cannot be made is not made either', async () => {
  await (await startAuth({ database, env: nobodyNamed }))[Symbol.asyncDispose]();
  await database.sql.query(
    `insert into auth.tenants (id, slug, name, status, created_by, updated_by)
     values (gen_random_uuid(), 'default', 'In the way', 'active', 'user:test', 'user:test')`,
  );
  await expect(startAuth({ database })).rejects.toThrow(/slug|conflict/i);
  expect([await count('users'), await count('memberships'), await count('role_bindings')]).toEqual([0, 0, 0]);
  await database.sql.query("delete from auth.tenants where slug = 'default'");
  await using auth = await startAuth({ database });
  const login = await auth.request('POST', '/api/v1/auth/login', { body: testOwner });
  expect(login.body.data.tenant.slug).toBe('default');
});

test.each([
  [
    'a short password',
    { IDP_ADMIN_PASSWORD: 'too short' },
    /IDP_ADMIN_PASSWORD: the password needs at least 15 characters/,
  ],
  [
    'a common password',
    { IDP_ADMIN_PASSWORD: '123456789987654321' },
    /IDP_ADMIN_PASSWORD: the password is one of the commonest/,
  ],
  ['no address', { IDP_ADMIN_EMAIL: 'owner' }, /IDP_ADMIN_EMAIL: the address is not valid/],
  ['a slug of another form', { IDP_TENANT: 'My Company' }, /IDP_TENANT: the slug is not valid/],
  ['a reserved slug', { IDP_TENANT: 'platform' }, /IDP_TENANT: the slug is reserved/],
  ['a shared signing secret', { JWT_SECRET: 'anything' }, /JWT_SECRET: tokens are signed with a key pair/],
  ['a token life above 15 minutes', { JWT_EXPIRES_IN: '1h' }, /JWT_EXPIRES_IN/],
])('%s stops the start with a sentence and leaves no user', async (_name, env, message) => {
  await expect(startAuth({ database, env })).rejects.toThrow(message);
  expect(await count('users')).toBe(0);
});

test('without a first owner named, nobody can sign in and nothing is made', async () => {
  await using auth = await startAuth({ database, env: nobodyNamed });
  expect(await count('users')).toBe(0);
  const login = await auth.request('POST', '/api/v1/auth/login', { body: testOwner });
  expect(login.status).toBe(401);
  const start = (owner?: typeof testOwner) =>
    setUpPlatform(auth.ctx, { tenantSlug: 'default', ...(owner && { owner }) });
  expect(await start()).toMatchObject({ kind: 'waiting' });
  expect(await start(testOwner)).toEqual({ kind: 'done' });
  expect(await start(testOwner)).toEqual({ kind: 'present' });
});
