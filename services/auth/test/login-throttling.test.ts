import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platformTenantId } from '@idp/contracts';
import { createMemoryLimits, createSharedState, type SharedState } from '@idp/cache';
import { testRedis } from '@idp/testing';
import { createTenant } from '../src/operations/create-tenant.ts';
import { registerMember } from '../src/operations/register-member.ts';
import { authDatabase, audits, type AuthDatabase } from './support/auth-database.ts';
import type { Answer } from './support/http-client.ts';
import { makeTenant, password, type TestTenant } from './support/people.ts';
import { eventsOfType } from './support/published-events.ts';
import { startAuth, type RunningAuth } from './support/running-auth.ts';

const { url, prefix } = await testRedis();
const minute = 60_000_000;
let database: AuthDatabase;
let auth: RunningAuth;
let tenant: TestTenant;
let lastNetwork = 0;

beforeAll(async () => {
  database = await authDatabase();
});
afterAll(() => database?.[Symbol.asyncDispose]());

/** An address of a network that no other test fails from. */
const freshAddress = (): string => `10.${Math.floor((lastNetwork += 1) / 250)}.${lastNetwork % 250}.1`;

interface From {
  address?: string;
  cookie?: string;
}

/** Sign-in as through a trusted proxy. */
const login = (body: unknown, { address = freshAddress(), cookie }: From = {}) =>
  auth.request('POST', '/api/v1/auth/login', {
    body,
    headers: { 'x-forwarded-for': address, ...(cookie !== undefined && { cookie }) },
  });

const wrong = (email: string) => ({ email, password: 'certainly not the password' });
const statusesOf = (answers: readonly Answer[]): Record<number, number> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(answers, ({ status }) => status)).map(([status, of]) => [status, of?.length ?? 0]),
  );
const cookieOf = (answer: Answer): string => String(answer.headers['set-cookie']).split(';')[0]!;
const times = (count: number, attempt: () => Promise<Answer>) => Promise.all(Array.from({ length: count }, attempt));

async function inTurn(count: number, attempt: (index: number) => Promise<Answer>): Promise<number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index += 1) statuses.push((await attempt(index)).status);
  return statuses;
}

describe.each([
  ['in memory', async (): Promise<SharedState | undefined> => undefined],
  ['on Redis', () => createSharedState({ redis: { url, keyPrefix: prefix, timeoutMs: 10_000 } })],
])('failed sign-ins counted %s', (name, open) => {
  let shared: SharedState | undefined;

  beforeAll(async () => {
    shared = await open();
    auth = await startAuth({ database, trustedProxies: ['127.0.0.1/32'], ...(shared !== undefined && { shared }) });
    tenant = await makeTenant(auth, name.replaceAll(' ', '-').toLowerCase());
  });
  afterAll(async () => {
    await auth?.[Symbol.asyncDispose]();
    await shared?.[Symbol.asyncDispose]();
  });

  test('are refused from one address after five, with the time to wait, and nothing is tested any more', async () => {
    const { email } = tenant.member;
    const address = freshAddress();
    expect(await inTurn(5, () => login(wrong(email), { address }))).toEqual([401, 401, 401, 401, 401]);
    const before = await audits(auth, { action: 'auth:session:create', outcome: 'denied' });
    const refused = await login({ email, password }, { address });
    expect(refused.status).toBe(429);
    expect(refused.body.error).toEqual({ code: 'RATE_LIMIT_EXCEEDED', message: 'too many failed sign-ins' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(100);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(180);
    expect(await audits(auth, { action: 'auth:session:create', outcome: 'denied' })).toHaveLength(before.length);
    expect((await login({ email, password })).status).toBe(200);
  });

  test('say nothing about who has an account', async () => {
    const sequence = async (email: string) => {
      const address = freshAddress();
      const answers: Answer[] = [];
      for (let attempt = 0; attempt < 7; attempt += 1) answers.push(await login(wrong(email), { address }));
      return answers.map(({ status, body, headers }) => [status, body.error, headers['retry-after'] !== undefined]);
    };
    expect(await sequence(`nobody-${tenant.slug}@nowhere.test`)).toEqual(await sequence(tenant.viewer.email));
  });

  test('count when they come side by side', async () => {
    const address = freshAddress();
    const { email } = tenant.owner;
    const answers = await times(30, () => login(wrong(email), { address }));
    expect(statusesOf(answers)).toEqual({ 401: 5, 429: 25 });
  });

  test('are told once for whatever a limit was met, not for each try', async () => {
    const email = `told@${tenant.slug}.test`;
    const { userId } = await registerMember(auth.ctx, {
      tenantId: tenant.id,
      email,
      name: 'T',
      password,
      role: 'viewer',
    });
    const told = async () =>
      (await eventsOfType(auth.sql, 'idp.auth.v1.LoginThrottled')).filter(({ data }) => data.userId === userId);
    const [here, there] = [freshAddress(), freshAddress()];
    await times(20, () => login(wrong(email), { address: here }));
    const [event, ...more] = await told();
    expect([event?.tenantId, event?.data.network, more]).toEqual([platformTenantId, here.replace(/1$/, '0/24'), []]);
    expect(Number(event!.data.retryAt!.seconds)).toBeGreaterThan(Number(event!.data.throttledAt!.seconds));
    expect(Buffer.from(event!.payload).toString('latin1')).not.toContain(email);
    expect(await audits(auth, { action: 'auth:session:throttle', resourceId: userId })).toHaveLength(1);
    // Five more failures elsewhere and the account itself is at its limit: that is another thing to tell.
    await inTurn(8, () => login(wrong(email), { address: there }));
    expect(await told()).toHaveLength(2);
  });

  test('of an account are refused everywhere after ten, but not to a device that signed in before', async () => {
    const { email } = tenant.admin;
    const known = cookieOf(await login({ email, password }));
    const other = cookieOf(await login({ email: tenant.viewer.email, password }));
    expect(await inTurn(11, () => login(wrong(email)))).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
    expect((await login({ email, password })).status).toBe(429);
    for (const cookie of [other, `${known.slice(0, -1)}${known.endsWith('A') ? 'B' : 'A'}`, 'idp_device=d1']) {
      expect((await login({ email, password }, { cookie })).status, cookie).toBe(429);
    }
    const answer = await login({ email, password }, { cookie: `a=b; ${known}` });
    expect(answer.status).toBe(200);
    expect(await inTurn(11, () => login(wrong(email), { cookie: known }))).toEqual([
      ...Array.from({ length: 10 }, () => 401),
      429,
    ]);
  });

  test('of a network are refused after sixty, those of another are not', async () => {
    const [here, there] = [freshAddress(), freshAddress()];
    const neighbour = here.replace(/\.1$/, '.200');
    const answers = await inTurn(61, (index) => login(wrong(`guess-${index}@${tenant.slug}.test`), { address: here }));
    expect(answers).toEqual([...Array.from({ length: 60 }, () => 401), 429]);
    const { email } = tenant.owner;
    expect((await login({ email, password }, { address: neighbour })).status).toBe(429);
    expect((await login({ email, password }, { address: there })).status).toBe(200);
  });

  test('are the only ones that count: right passwords, one after the other and side by side, are never refused', async () => {
    const address = freshAddress();
    const { email } = tenant.viewer;
    expect(await inTurn(12, () => login({ email, password }, { address }))).toEqual(
      Array.from({ length: 12 }, () => 200),
    );
    expect(statusesOf(await times(24, () => login({ email, password }, { address })))).toEqual({ 200: 24 });
    const { tenantId } = await createTenant(auth.ctx, {
      slug: `paused-${tenant.slug}`,
      name: 'Paused',
      ownerUserId: tenant.viewer.id,
    });
    await auth.sql.query("update auth.tenants set status = 'suspended' where id = $1", [tenantId]);
    const suspended = { email, password, tenant: `paused-${tenant.slug}` };
    expect(await inTurn(7, () => login(suspended, { address }))).toEqual(Array.from({ length: 7 }, () => 403));
  });
});

test('the owner of an account that is guessed at without end gets in within the time that was named', async () => {
  let now = 0;
  const limits = createMemoryLimits({ now: () => now });
  const shared: SharedState = { redis: undefined, limits, [Symbol.asyncDispose]: async () => undefined };
  auth = await startAuth({ database, trustedProxies: ['127.0.0.1/32'], shared });
  tenant = await makeTenant(auth, 'patient');
  const { email } = tenant.owner;
  await inTurn(10, () => login(wrong(email)));
  const refused = await login({ email, password });
  expect(refused.headers['retry-after']).toBe('90');
  now += 1.5 * minute;
  expect((await login({ email, password })).status).toBe(200);
  await auth[Symbol.asyncDispose]();
});

test('limits that are switched off refuse nobody', async () => {
  auth = await startAuth({ database, rateLimits: false });
  const attempt = () => auth.request('POST', '/api/v1/auth/login', { body: wrong('nobody@off.test') });
  expect(await inTurn(12, attempt)).toEqual(Array.from({ length: 12 }, () => 401));
  await auth[Symbol.asyncDispose]();
});

test('the proof of a device is kept by browsers as a cookie of this host alone', async () => {
  auth = await startAuth({ database });
  const { email } = auth.owner;
  const answer = await auth.request('POST', '/api/v1/auth/login', { body: { email, password: auth.owner.password } });
  expect(answer.headers['set-cookie']).toEqual([
    expect.stringMatching(/^idp_device=d1\.[\w.-]+; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Strict$/),
  ]);
  expect(answer.body.data).not.toHaveProperty('deviceProof');
  await auth[Symbol.asyncDispose]();
});
