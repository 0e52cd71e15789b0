import { sql } from 'kysely';
import { catalogAssertions } from '@idp/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTenant, signIn, type TestTenant } from './support/people.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

const globalTables = ['users', 'user_passwords', 'sessions', 'signing_keys', 'tenants', 'user_tenants'];
const tenantTables = ['organizations', 'memberships', 'role_bindings', 'access_versions', 'tenant_receipts'];

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
});
afterAll(() => auth?.[Symbol.asyncDispose]());

test('the tenant wall stands as the catalog of the database shows it', async () => {
  expect(await catalogAssertions(auth.sql, 'auth', auth.database.prefix)).toEqual([]);
});

test('a transaction of one tenant sees rows of that tenant only', async () => {
  for (const table of tenantTables) {
    const { rows } = await auth.ctx.database
      .tenant(a.id)
      .read((tx) => sql<{ tenant_id: string }>`select distinct tenant_id from ${sql.table(table)}`.execute(tx.db));
    expect({ table, rows }).toEqual({ table, rows: [{ tenant_id: a.id }] });
  }
});

test('global tables are empty to a transaction that does not ask for them, and tenant tables to a global one', async () => {
  const count = (table: string) => sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`;
  for (const table of globalTables) {
    const { rows } = await auth.ctx.database.tenant(a.id).read((tx) => count(table).execute(tx.db));
    expect({ table, rows }).toEqual({ table, rows: [{ count: 0 }] });
  }
  for (const table of tenantTables) {
    const { rows } = await auth.ctx.database.global.read((tx) => count(table).execute(tx.db));
    expect({ table, rows }).toEqual({ table, rows: [{ count: 0 }] });
  }
});

test('nobody signs in to a tenant it is no member of, by slug or by id', async () => {
  for (const tenant of [b.slug, b.id]) {
    const body = { email: a.owner.email, password: a.owner.password, tenant };
    const answer = await auth.request('POST', '/api/v1/auth/login', { body });
    expect(answer.status).toBe(401);
    expect(answer.body.error.code).toBe('INVALID_CREDENTIALS');
  }
});

test('a foreign tenant answers a refresh like one that does not exist', async () => {
  const { refreshToken } = await signIn(auth, a.owner);
  const answers = await Promise.all(
    [b.id, '0192d6a0-0000-7000-8000-000000000099'].map((tenantId) =>
      auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken, tenantId } }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([409, 409]);
  expect(answers[0]!.body.error).toEqual(answers[1]!.body.error);
});

test('no answer to one tenant names anything of the other', async () => {
  const { accessToken, refreshToken } = await signIn(auth, a.owner);
  const answers = [
    await auth.request('GET', '/api/v1/auth/me', { token: accessToken }),
    await auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } }),
  ];
  const canaries = [b.id, b.slug, b.owner.id, b.owner.email, b.member.id];
  for (const { text } of answers) for (const canary of canaries) expect(text).not.toContain(canary);
});

test('ending a session of one tenant leaves those of the other', async () => {
  const [mine, theirs] = [await signIn(auth, a.owner), await signIn(auth, b.owner)];
  expect((await auth.request('POST', '/api/v1/auth/logout', { token: mine.accessToken })).status).toBe(204);
  const answer = await auth.request('POST', '/api/v1/auth/refresh', { body: { refreshToken: theirs.refreshToken } });
  expect(answer.status).toBe(200);
});
