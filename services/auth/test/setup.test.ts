import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { outcome } from './support/administration.ts';
import { audits, authDatabase, type AuthDatabase } from './support/auth-database.ts';
import type { Answer } from './support/http-client.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

// Every test starts the service, some of them twice.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const path = '/api/v1/auth/setup';
const owner = { email: 'first@example.test', password: 'seven grey geese fly south' };
const lines: string[] = [];
const refused = [401, 'INVALID_TOKEN'];

let database: AuthDatabase;

beforeEach(async () => {
  lines.length = 0;
  database = await authDatabase();
});
afterEach(() => database[Symbol.asyncDispose]());

/** A start that names no first owner. */
const start = (): Promise<RunningAuth> =>
  startAuth({
    database,
    env: { IDP_ADMIN_EMAIL: '', IDP_ADMIN_PASSWORD: '' },
    logDestination: { write: (line: string) => void lines.push(line) },
  });

/** Tokens the log holds, oldest first. */
const printed = (): string[] => [...lines.join('').matchAll(/setup token ([\w-]{43})"/g)].map(([, token]) => token!);

const redeem = (auth: RunningAuth, token: string, more: object = {}): Promise<Answer> =>
  auth.request('POST', path, { body: { token, ...owner, ...more } });

test('whoever holds the printed token makes the first owner and the first tenant, once', async () => {
  await using auth = await start();
  const [token = ''] = printed();
  const made = await redeem(auth, token, { fullName: 'Grace' });
  expect([made.status, made.body.data]).toEqual([
    201,
    {
      user: { id: expect.any(String), email: owner.email, name: 'Grace' },
      tenant: { id: expect.any(String), slug: 'default', name: 'default' },
    },
  ]);
  expect(outcome(await redeem(auth, token, { email: 'second@example.test' }))).toEqual(refused);
  const refusals = await audits(auth, { action: 'auth:platform:setup', outcome: 'denied' });
  expect(refusals).toHaveLength(1);
  expect(JSON.stringify(refusals)).not.toContain(token);
  const inTenant = await auth.request('POST', '/api/v1/auth/login', { body: owner });
  expect(inTenant.body.data.tenant.slug).toBe('default');
  const me = await auth.request('GET', '/api/v1/auth/me', { token: inTenant.body.data.accessToken });
  expect(me.body.data.roles).toEqual(['tenant-owner']);
  const inPlatform = await auth.request('POST', '/api/v1/auth/login', { body: { ...owner, tenant: 'platform' } });
  expect(inPlatform.status).toBe(200);
  const rows = await audits(auth, { outcome: 'succeeded', reason: 'setup' });
  expect(rows.map(({ action }) => action).toSorted()).toEqual([
    'auth:member:add',
    'auth:member:add',
    'auth:tenant:create',
  ]);
  expect(printed()).toEqual([token]);
});

test('the token is kept as a hash, and a start before it is redeemed makes another', async () => {
  await (await start())[Symbol.asyncDispose]();
  await using auth = await start();
  const [old = '', token = ''] = printed();
  expect(token).not.toBe(old);
  const { rows } = await auth.sql.query('select * from auth.one_time_tokens');
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(token);
  expect(outcome(await redeem(auth, old))).toEqual(refused);
  expect((await redeem(auth, token)).status).toBe(201);
  expect((await auth.sql.query('select 1 from auth.one_time_tokens')).rows).toEqual([]);
});

test('a start of a platform somebody can sign in to prints none', async () => {
  const first = await start();
  expect((await redeem(first, printed()[0]!)).status).toBe(201);
  await first[Symbol.asyncDispose]();
  lines.length = 0;
  await using auth = await start();
  expect(printed()).toEqual([]);
  expect((await auth.request('POST', '/api/v1/auth/login', { body: owner })).status).toBe(200);
});

test('twenty redemptions at one moment make one owner', async () => {
  await using auth = await start();
  const [token = ''] = printed();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => redeem(auth, token, { email: `owner-${index}@example.test` })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
  const count = async (table: string): Promise<number> =>
    (await auth.sql.query(`select count(*)::int as n from auth.${table}`)).rows[0].n;
  expect([await count('users'), await count('tenants'), await count('organizations')]).toEqual([1, 2, 1]);
});

test('a refused password or address leaves the token good; a week later it is not', async () => {
  await using auth = await start();
  const [token = ''] = printed();
  expect(outcome(await redeem(auth, token, { password: 'too short' }))).toEqual([422, 'PASSWORD_REJECTED']);
  expect(outcome(await redeem(auth, token, { email: 'nobody' }))).toEqual([400, 'VALIDATION_ERROR']);
  expect(outcome(await redeem(auth, token, { role: 'tenant-owner' }))).toEqual([400, 'VALIDATION_ERROR']);
  auth.setClock(7 * 86_400_000);
  expect(outcome(await redeem(auth, token))).toEqual(refused);
  auth.setClock();
  expect((await redeem(auth, token)).status).toBe(201);
});

test('wrong tokens are counted by network; what is refused for another reason is not', async () => {
  await using auth = await start();
  const [token = ''] = printed();
  for (let time = 0; time < 3; time += 1) await redeem(auth, token, { password: 'too short' });
  const wrong = await Promise.all(Array.from({ length: 30 }, (_, index) => redeem(auth, 'x'.repeat(index + 1))));
  expect(new Set(wrong.map(({ status }) => status))).toEqual(new Set([401]));
  const limited = await redeem(auth, token);
  expect(outcome(limited)).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
});
