import { enqueue } from '@idp/jobs';
import { z } from 'zod';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { announceExpiringKeys } from '../../src/operations/credentials/announce-expiring-keys.ts';
import { callerFor } from '../support/administration.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

const day = 86_400_000;

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(() => auth.setClock());

async function makeKey(tenant: TestTenant, days: number): Promise<{ id: string; version: string }> {
  const caller = await callerFor(auth, tenant.member);
  const expiresAt = new Date(auth.clock().getTime() + days * day).toISOString();
  const { id } = await caller.make('/api/v1/api-keys', { name: `for ${days} days`, scopes: [], expiresAt });
  return { id, version: await versionOf(id) };
}
const versionOf = async (id: string): Promise<string> =>
  (await auth.sql.query('select version from auth.api_keys where id = $1', [id])).rows[0].version;

/** The hourly job of a tenant, run twice: nothing is said again. */
async function runJob(tenant: TestTenant, daysLater: number): Promise<void> {
  auth.setClock(daysLater * day);
  for (let run = 0; run < 2; run += 1) {
    await auth.ctx.database
      .tenant(tenant.id)
      .write((tx) => announceExpiringKeys(tx, auth.ctx), { unaudited: 'as the job does' });
  }
}

async function told(keyId: string): Promise<(number | 'expired')[]> {
  const announced = await eventsOfType(auth.sql, 'idp.auth.v1.ApiKeyExpiryAnnounced');
  const expired = await eventsOfType(auth.sql, 'idp.auth.v1.ApiKeyExpired');
  return [
    ...announced.filter(({ data }) => data.keyId === keyId).map(({ data }) => data.daysLeft),
    ...expired.filter(({ data }) => data.keyId === keyId).map(() => 'expired' as const),
  ];
}

test('the end of a key is told 14, 3 and 1 day before and when it is there, each once', async () => {
  const key = await makeKey(a, 30);
  await runJob(a, 15.9);
  expect(await told(key.id)).toEqual([]);
  for (const later of [16, 20, 27, 29.5, 30.1, 31]) await runJob(a, later);
  expect(await told(key.id)).toEqual([14, 3, 1, 'expired']);
  expect(await versionOf(key.id)).toBe(key.version);
  const event = (await eventsOfType(auth.sql, 'idp.auth.v1.ApiKeyExpiryAnnounced'))[0];
  expect(event).toMatchObject({ tenantId: a.id, data: { name: 'for 30 days', ownerId: a.member.id } });
});

test('a key that was made for two days is told of a day before', async () => {
  const key = await makeKey(a, 2);
  for (const later of [0, 1, 2]) await runJob(a, later);
  expect(await told(key.id)).toEqual([1, 'expired']);
});

test('nothing is told of revoked keys, and each tenant hears of its own', async () => {
  const [ended, other] = [await makeKey(a, 2), await makeKey(b, 2)];
  const member = await callerFor(auth, a.member);
  expect((await member.delete(`/api/v1/api-keys/${ended.id}`)).status).toBe(204);
  await runJob(a, 1);
  expect([await told(ended.id), await told(other.id)]).toEqual([[], []]);
  await runJob(b, 1);
  expect(await told(other.id)).toEqual([1]);
});

test('the job does it', { timeout: 120_000 }, async () => {
  const key = await makeKey(a, 2);
  auth.setClock(day);
  const job = { name: 'announce-expiring-keys', payload: z.strictObject({}) };
  await auth.ctx.database.tenant(a.id).write((tx) => enqueue(tx, job, {}), { unaudited: 'as the schedule does' });
  await expect.poll(() => told(key.id), { timeout: 90_000 }).toEqual([1]);
});
