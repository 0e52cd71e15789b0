import { enqueue } from '@idp/jobs';
import { z } from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expireBindings } from '../../src/operations/access/expire-bindings.ts';
import { callerFor, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

const path = '/api/v1/auth/role-bindings';
const hour = 3_600_000;

let auth: RunningAuth;
let a: TestTenant;
let owner: Caller;
/** Ids of bindings that end in an hour, in a day and never. */
let ends: Record<'soon' | 'later' | 'never', string>;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  owner = await callerFor(auth, a.owner);
  auth.setClock();
  const grant = async (roleId: string, hours?: number): Promise<string> => {
    const expiresAt = hours && new Date(auth.clock().getTime() + hours * hour).toISOString();
    const body = { principalType: 'user', principalId: a.viewer.id, roleId, ...(expiresAt && { expiresAt }) };
    return (await owner.make(path, body)).id;
  };
  ends = { soon: await grant('tenant-admin', 1), later: await grant('auditor', 24), never: await grant('member') };
});
afterAll(() => auth?.[Symbol.asyncDispose]());

/** Bindings of the viewer as the snapshot has them. */
function compiled(): string[] {
  const { bindings = [] } = auth.ctx.accessStore.world(a.id)!.people.subject('user', a.viewer.id)!;
  return bindings.map(({ id }) => id);
}

const expired = async () => (await eventsOfType(auth.sql, 'idp.auth.v1.RoleExpired')).map(({ data }) => data.bindingId);
const sweep = () => auth.ctx.database.tenant(a.id).write((tx) => expireBindings(tx, auth.ctx), { global: true });

test('a binding whose time is over leaves the rows and the snapshot, and is told of once', async () => {
  const version = (): number => auth.ctx.accessStore.version(a.id)!;
  const before = version();
  auth.setClock(hour - 1);
  expect(await sweep()).toBe(false);
  expect([compiled(), version()]).toEqual([expect.arrayContaining(Object.values(ends)), before]);

  auth.setClock(hour);
  await sweep();
  expect(compiled()).not.toContain(ends.soon);
  expect(compiled()).toEqual(expect.arrayContaining([ends.later, ends.never]));
  expect(version()).toBeGreaterThan(before);
  const [told] = await eventsOfType(auth.sql, 'idp.auth.v1.RoleExpired');
  expect(told).toMatchObject({ sequence: 2, tenantId: a.id, data: { bindingId: ends.soon, roleId: 'tenant-admin' } });
  expect((await audits(auth, { resourceId: ends.soon })).map(({ action }) => action)).toEqual([
    'auth:binding:grant',
    'auth:binding:expire',
  ]);

  const after = version();
  await sweep();
  expect([await expired(), version()]).toEqual([[ends.soon], after]);
  auth.setClock();
  expect((await owner.get(`${path}/${ends.soon}`)).status).toBe(404);
});

test('the hourly job of a tenant does it', async () => {
  auth.setClock(24 * hour);
  await auth.ctx.database.tenant(a.id).write(
    async (tx) => {
      await enqueue(tx, { name: 'expire-bindings', payload: z.strictObject({}) }, {});
    },
    { unaudited: 'as the schedule does' },
  );
  await expect.poll(expired, { timeout: 60_000, interval: 50 }).toContain(ends.later);
  expect(compiled()).not.toContain(ends.later);
  expect(compiled()).toContain(ends.never);
});
