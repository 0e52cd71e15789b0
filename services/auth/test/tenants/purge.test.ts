import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineQueue, enqueue } from '@idp/jobs';
import { defineService, startService, type RunningService } from '@idp/service';
import { z } from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { purgeTenants } from '../../src/operations/tenants/purge-tenants.ts';
import { callerFor, type Caller } from '../support/administration.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { startAuth, testOwner, type RunningAuth } from '../support/running-auth.ts';

const path = '/api/v1/auth/tenants';
const day = 86_400_000;
const patience = { timeout: 60_000 };

let auth: RunningAuth;
let other: RunningService;
let empty: string;
let platform: Caller;
const ran: string[] = [];

/** A queue of the other service: its jobs write down the tenants they ran for. */
const address = { name: 'work', payload: z.strictObject({}) };

beforeAll(async () => {
  auth = await startAuth();
  empty = await mkdtemp(join(tmpdir(), 'idp-auth-test-'));
  const definition = defineService({
    name: 'catalog',
    description: 'follows tenants',
    config: z.object({}),
    migrations: pathToFileURL(`${empty}/`),
    permissions: {},
    createContext: () => ({}),
    routes: () => [],
    prepareTenant: async () => undefined,
    jobs: () => ({
      queues: [defineQueue({ ...address, handler: async ({ tenantId }) => void ran.push(tenantId) })],
    }),
  });
  other = await startService(definition, {
    ...auth.host,
    databaseUrls: auth.database.urlsFor('catalog'),
    ports: () => auth.service.ports!,
  });
  platform = await callerFor(auth, testOwner, 'platform');
});
afterAll(async () => {
  await other?.stop({ deadlineMs: 5_000 });
  await auth?.[Symbol.asyncDispose]();
  await rm(empty, { recursive: true });
});

async function settle(): Promise<void> {
  await auth.service.events.drain();
  await other.events.drain();
  await auth.service.events.drain();
}

async function stateElsewhere(tenant: TestTenant): Promise<string | undefined> {
  const { rows } = await auth.sql.query<{ status: string }>('select status from catalog.tenants where tenant_id = $1', [
    tenant.id,
  ]);
  return rows[0]?.status;
}

async function rowsOf(tenantId: string): Promise<Record<string, number>> {
  const { rows: tables } = await auth.sql.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
     where n.nspname in ('auth', 'catalog') and c.relkind in ('r', 'p') and not c.relispartition`,
  );
  const found: Record<string, number> = {};
  for (const { name } of tables) {
    const { rows } = await auth.sql.query<{ n: number }>(
      `select count(*)::int as n from ${name} where tenant_id = $1`,
      [tenantId],
    );
    if (rows[0]!.n > 0) found[name] = rows[0]!.n;
  }
  return found;
}

test('jobs of a suspended tenant wait elsewhere, and run once it is resumed', async () => {
  const [resting, busy] = [await makeTenant(auth, 'resting'), await makeTenant(auth, 'busy')];
  await settle();
  expect(await stateElsewhere(resting)).toBe('active');
  await platform.post(`${path}/${resting.id}/suspend`);
  await settle();
  expect(await stateElsewhere(resting)).toBe('suspended');
  for (const { id } of [resting, busy]) {
    await other.database.tenant(id).write(async (tx) => void (await enqueue(tx, address, {})), { unaudited: 'test' });
  }
  const waiting = () =>
    auth.sql
      .query("select state from catalog.jobs where queue = 'work' and tenant_id = $1", [resting.id])
      .then(({ rows }) => rows.map(({ state }) => state as string));
  await expect.poll(() => ran, patience).toEqual([busy.id]);
  await expect.poll(waiting, patience).toEqual(['scheduled']);
  await platform.post(`${path}/${resting.id}/resume`);
  await settle();
  expect(await stateElsewhere(resting)).toBe('active');
});

test('after 30 days a closed tenant is erased everywhere, and what comes late does not bring it back', async () => {
  auth.setClock();
  const [gone, stays] = [await makeTenant(auth, 'gone'), await makeTenant(auth, 'stays')];
  await settle();
  const owner = await callerFor(auth, gone.owner);
  await owner.delete(`${path}/current?slug=gone`);
  const { signal } = new AbortController();
  await purgeTenants(auth.ctx, { signal });
  expect((await platform.get(`${path}/${gone.id}`)).body.data.status).toBe('deleting');
  auth.setClock(30 * day);
  await purgeTenants(auth.ctx, { signal });
  const operator = await callerFor(auth, testOwner, 'platform');
  expect((await operator.get(`${path}/${gone.id}`)).body.data.status).toBe('purging');
  await settle();
  const receipts = async () => {
    await settle();
    const answer = await operator.get(`${path}/${gone.id}/provisioning`);
    return answer.body.data.map(({ service, purgedAt }: Record<string, string>) => [service, purgedAt !== null]);
  };
  await expect.poll(receipts, patience).toEqual([
    ['auth', true],
    ['catalog', true],
  ]);
  await purgeTenants(auth.ctx, { signal });
  await settle();
  expect((await operator.get(`${path}/${gone.id}`)).body.data).toMatchObject({
    status: 'deleted',
    slug: `deleted-${gone.id}`,
  });
  const left = Object.keys(await rowsOf(gone.id)).filter((table) => !/\.(audit_|access_|outbox|inbox)/.test(table));
  expect(left.toSorted()).toEqual(['auth.tenant_receipts', 'catalog.tenants']);
  const { rows: shards } = await auth.sql.query('select name from auth.access_shards where tenant_id = $1', [gone.id]);
  expect(shards).toEqual([{ name: 'tenant' }]);
  expect(await stateElsewhere(gone)).toBe('deleted');
  expect(await stateElsewhere(stays)).toBe('active');
  expect(Object.keys(await rowsOf(stays.id))).toEqual(expect.arrayContaining(['auth.memberships', 'catalog.tenants']));
  expect(await audits(auth, { action: 'auth:tenant:erase', resourceId: gone.id })).toHaveLength(1);
  auth.setClock();
});
