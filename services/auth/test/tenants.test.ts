import { decide, type DecisionPrincipal } from '@idp/auth';
import { newId, timestampFromDate } from '@idp/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addMember } from '../src/operations/add-member.ts';
import { createTenant } from '../src/operations/create-tenant.ts';
import { registerMember } from '../src/operations/register-member.ts';
import { registerUser } from '../src/operations/register-user.ts';
import { audits } from './support/auth-database.ts';
import { hearFrom } from './support/other-service.ts';
import { makeTenant, password, type TestTenant } from './support/people.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';
import { eventsOfType } from './support/published-events.ts';

let auth: RunningAuth;
let a: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
});
afterAll(() => auth?.[Symbol.asyncDispose]());

test('a tenant has its row, default organization, data key, receipt, owner, audit row and event', async () => {
  const { tenantId } = await createTenant(auth.ctx, { slug: 'second', name: 'Second', ownerUserId: a.owner.id });
  const of = async (table: string, columns: string) =>
    (await auth.sql.query(`select ${columns} from auth.${table} where tenant_id = $1`, [tenantId])).rows;
  expect(await of('organizations', 'slug, name')).toEqual([{ slug: 'default', name: 'Second' }]);
  expect(await of('secret_keys', 'state')).toEqual([{ state: 'active' }]);
  expect(await of('tenant_receipts', 'service, prepared_at is not null as prepared')).toEqual([
    { service: 'auth', prepared: true },
  ]);
  expect(await of('role_bindings', 'principal_id, role_id')).toEqual([
    { principal_id: a.owner.id, role_id: 'tenant-owner' },
  ]);
  expect(await audits(auth, { action: 'auth:tenant:create', resourceId: tenantId })).toMatchObject([
    { tenant_id: tenantId },
  ]);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.TenantCreated');
  expect(events.find(({ data }) => data.tenantId === tenantId)).toMatchObject({
    tenantId,
    sequence: 1,
    data: { slug: 'second', name: 'Second' },
  });
});

test('a taken slug is 409, a reserved one 422, one of another form 400, and nothing is left', async () => {
  const before = await auth.sql.query('select count(*) from auth.tenants');
  await expect(createTenant(auth.ctx, { slug: 'acme', name: 'x' })).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(createTenant(auth.ctx, { slug: 'api', name: 'x' })).rejects.toMatchObject({ code: 'NAME_RESERVED' });
  await expect(createTenant(auth.ctx, { slug: 'A b', name: 'x' })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  const stranger = { slug: 'orphan', name: 'x', ownerUserId: newId() };
  await expect(createTenant(auth.ctx, stranger)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await auth.sql.query('select count(*) from auth.tenants')).rows).toEqual(before.rows);
});

test('a member is added once', async () => {
  const input = { tenantId: a.id, userId: a.member.id, role: 'viewer', reason: 'seed' } as const;
  await expect(addMember(auth.ctx, input)).rejects.toMatchObject({ status: 409 });
  await expect(addMember(auth.ctx, { ...input, userId: newId() })).rejects.toMatchObject({ status: 404 });
  await expect(addMember(auth.ctx, { ...input, tenantId: newId() })).rejects.toMatchObject({ status: 404 });
  const roles = await auth.sql.query('select role_id from auth.role_bindings where principal_id = $1', [a.member.id]);
  expect(roles.rows).toEqual([{ role_id: 'member' }]);
});

test('an address has one account, in any case of letters', async () => {
  const user = { email: a.member.email.toUpperCase(), name: 'x', password };
  await expect(registerUser(auth.ctx, user)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
});

test('twenty registrations of one address at once make one account', async () => {
  const user = { tenantId: a.id, email: 'race@acme.test', name: 'Race', password, role: 'viewer' } as const;
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => registerMember(auth.ctx, user)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const { rows } = await auth.sql.query('select count(*)::int as count from auth.users where email_norm = $1', [
    user.email,
  ]);
  expect(rows).toEqual([{ count: 1 }]);
});

test('a password with the tenant’s name is refused', async () => {
  const user = {
    tenantId: a.id,
    email: 'own@example.test',
    name: 'x',
    password: 'the acme of perfection',
    role: 'viewer',
  } as const;
  await expect(registerMember(auth.ctx, user)).rejects.toMatchObject({ code: 'PASSWORD_REJECTED' });
});

test('a new member is told with name, address and role, and raises the access version', async () => {
  const versionOf = async (tenant: TestTenant) => {
    const { rows } = await auth.sql.query('select version::float from auth.access_versions where tenant_id = $1', [
      tenant.id,
    ]);
    return rows[0].version as number;
  };
  const before = await versionOf(a);
  const made = await registerMember(auth.ctx, {
    tenantId: a.id,
    email: 'new@example.test',
    name: 'Newcomer',
    password,
    role: 'member',
  });
  expect(await versionOf(a)).toBeGreaterThan(before);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.MemberAdded');
  expect(events.find(({ data }) => data.membershipId === made.membershipId)).toMatchObject({
    tenantId: a.id,
    sequence: 1,
    data: {
      userId: made.userId,
      displayName: 'Newcomer',
      email: 'new@example.test',
      role: 'member',
      reason: 'registration',
    },
  });
});

test('what other services decide by follows a change at once', async () => {
  const { tenantId } = await createTenant(auth.ctx, { slug: 'third', name: 'Third' });
  const permission = 'auth:team:create';
  const may = async (principal: Pick<DecisionPrincipal, 'type' | 'id'>): Promise<boolean> =>
    decide(auth.ctx.accessStore.world(tenantId)!, { principal: { ...principal, tenantId }, permission }, Date.now())
      .allowed;
  const viewer = { type: 'user', id: a.viewer.id } as const;
  expect(await may(viewer)).toBe(false);
  await addMember(auth.ctx, { tenantId, userId: a.viewer.id, role: 'tenant-admin', reason: 'seed' });
  expect(await may(viewer)).toBe(true);
  expect(await may({ type: 'service', id: 'service:x' })).toBe(false);
});

test('what a service says about a tenant is kept, the first time counting', async () => {
  const first = new Date('2026-01-01T00:00:00Z');
  for (const at of [first, new Date('2026-02-01T00:00:00Z')]) {
    await hearFrom(auth, {
      service: 'catalog',
      tenantId: a.id,
      type: 'idp.common.v1.TenantPrepared',
      data: { service: 'catalog', preparedAt: timestampFromDate(at) },
    });
  }
  const { rows } = await auth.sql.query(
    "select prepared_at from auth.tenant_receipts where tenant_id = $1 and service = 'catalog'",
    [a.id],
  );
  expect(rows).toEqual([{ prepared_at: first }]);
});
