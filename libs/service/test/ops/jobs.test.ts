import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { platformTenantId } from '@idp/contracts';
import { defineQueue, defineSchedule, enqueue, type EnqueueOptions } from '@idp/jobs';
import { startTestService, type SignedTenant, type TestPerson, type TestService } from '@idp/testing';
import { defineService } from '../../src/index.ts';

const path = '/api/v1/catalog/ops';
const ran: string[] = [];
let fail = true;

const queue = defineQueue({
  name: 'flaky',
  payload: z.strictObject({ label: z.string() }),
  attemptsMax: 1,
  async handler({ payload }) {
    if (fail) throw new Error(`no ${payload.label}`);
    ran.push(payload.label);
  },
});
const nightly = defineSchedule({
  name: 'nightly',
  cron: '0 3 * * *',
  missed: 'once',
  queue,
  payload: { label: 'night' },
});
const flaky = defineService({
  name: 'catalog',
  description: 'A service whose jobs fail when the test says so',
  config: z.object({}),
  migrations: new URL('./migrations/', import.meta.url),
  permissions: {},
  createContext: () => ({}),
  routes: () => [],
  jobs: () => ({ queues: [queue], schedules: [nightly] }),
});

let service: TestService;
let tenant: SignedTenant;
let other: SignedTenant;
let operator: TestPerson;
beforeAll(async () => {
  service = await startTestService({ service: flaky });
  operator = await service.person(platformTenantId, 'tenant-owner');
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  fail = true;
  ran.length = 0;
  [tenant, other] = await Promise.all([service.tenant(), service.tenant()]);
});

const get = (person: TestPerson, target: string) =>
  service.request('GET', `${path}/${target}`, { token: person.token });
const post = (person: TestPerson, target: string, body?: unknown, headers: Record<string, string> = {}) =>
  service.request('POST', `${path}/${target}`, { token: person.token, body, headers });
const remove = (person: TestPerson, target: string) =>
  service.request('DELETE', `${path}/${target}`, { token: person.token });

async function add(label: string, options: EnqueueOptions = {}, { id: tenantId } = tenant): Promise<string> {
  const { database } = service.running;
  return (await database.tenant(tenantId).write((tx) => enqueue(tx, queue, { label }, options))).id;
}

/** A job that has failed for good. */
async function dead(label: string, options: EnqueueOptions = {}, of = tenant): Promise<string> {
  const id = await add(label, options, of);
  await vi.waitFor(async () => expect((await get(of.admin, `jobs/${id}`)).body.data.state).toBe('dead'), 20_000);
  return id;
}

test('the hourly purge deletes stored answers that are kept no longer', async () => {
  const door = service.running.database.tenant(tenant.id);
  const keep = (key: string, age: string) =>
    door.write(
      (tx) =>
        sql`insert into idempotency_keys (principal, route, key, request_hash, status, headers, expires_at)
          values ('user:1', 'POST /things', ${key}, '', 201, '{}', now() + ${age}::interval)`.execute(tx.db),
      { unaudited: 'test' },
    );
  await keep('old', '-1 second');
  await keep('new', '1 hour');
  // Schedules get their rows soon after the start.
  await vi.waitFor(async () => expect((await post(operator, 'schedules/ops-purge/run')).status).toBe(202), 20_000);
  const kept = () => door.read((tx) => sql<{ key: string }>`select key from idempotency_keys`.execute(tx.db));
  await vi.waitFor(async () => expect((await kept()).rows).toEqual([{ key: 'new' }]), 20_000);
});

test('a list carries the ids of its request', async () => {
  const answer = await get(tenant.admin, 'jobs');
  expect(answer.status).toBe(200);
  expect(answer.body.meta).toMatchObject({
    requestId: answer.headers.get('x-request-id'),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    limit: 25,
  });
});

async function audited({ id }: { id: string }): Promise<unknown[]> {
  const { rows } = await service.running.database
    .tenant(id)
    .read((tx) => sql`select action, actor, resource_id from audit_log order by occurred_at`.execute(tx.db));
  return rows;
}

const eventually = (assertion: () => Promise<void> | void): Promise<void> =>
  vi.waitFor(assertion, { timeout: 20_000, interval: 20 });

describe('jobs', () => {
  test('are listed page by page and by filter, without payload, and shown with it', async () => {
    const ids = [await dead('a'), await dead('b'), await add('c', { delayMs: 3_600_000 })].toReversed();
    const listed = await get(tenant.admin, 'jobs');
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(listed.body.data[2]).toMatchObject({
      queue: 'flaky',
      state: 'dead',
      attempts: 1,
      errorCode: 'HANDLER_FAILED',
      error: 'no a',
    });
    expect(listed.body.data[2]).not.toHaveProperty('payload');
    const first = await get(tenant.admin, 'jobs?limit=2');
    const rest = await get(tenant.admin, `jobs?limit=2&cursor=${encodeURIComponent(first.body.meta.nextCursor)}`);
    expect(rest.body.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2));
    expect((await get(tenant.admin, 'jobs?state=scheduled&queue=flaky')).body.data).toHaveLength(1);
    expect((await get(tenant.admin, 'jobs?queue=none')).body.data).toEqual([]);
    expect((await get(tenant.admin, 'jobs?state=lost')).status).toBe(400);
    expect((await get(tenant.admin, `jobs/${ids[0]}`)).body.data).toMatchObject({ payload: { label: 'c' } });
  });

  test('that are dead run again when somebody says so, once per key', async () => {
    const id = await dead('a');
    fail = false;
    const headers = { 'idempotency-key': randomUUID() };
    const [one, two] = [
      await post(tenant.admin, `jobs/${id}/retry`, undefined, headers),
      await post(tenant.admin, `jobs/${id}/retry`, undefined, headers),
    ];
    expect([one.status, two.status, two.headers.get('idempotency-replayed')]).toEqual([200, 200, 'true']);
    await eventually(() => expect(ran).toEqual(['a']));
    await eventually(async () => expect((await get(tenant.admin, `jobs/${id}`)).status).toBe(404));
    expect((await post(tenant.admin, `jobs/${id}/retry`)).status).toBe(404);
    expect(await audited(tenant)).toEqual([
      { action: 'catalog:ops:retry', actor: `user:${tenant.admin.id}`, resource_id: id },
    ]);
  });

  test('that live cannot be retried or deleted, and a dead one not beside the one that has its key', async () => {
    const id = await dead('a', { dedupKey: 'k' });
    const living = await add('b', { dedupKey: 'k', delayMs: 3_600_000 });
    const answers = await Promise.all([
      post(tenant.admin, `jobs/${id}/retry`),
      post(tenant.admin, `jobs/${living}/retry`),
      remove(tenant.admin, `jobs/${living}`),
      post(tenant.admin, `jobs/${id}/cancel`),
    ]);
    expect(answers.map(({ status, body }) => [status, body.error.code])).toEqual([
      [409, 'CONFLICT'],
      [409, 'INVALID_STATE'],
      [409, 'INVALID_STATE'],
      [409, 'INVALID_STATE'],
    ]);
  });

  test('are cancelled and deleted', async () => {
    const waiting = await add('a', { delayMs: 3_600_000 });
    const answer = await post(tenant.admin, `jobs/${waiting}/cancel`);
    expect([answer.status, answer.body.data]).toEqual([200, { id: waiting, outcome: 'cancelled' }]);
    const gone = await dead('b');
    expect((await remove(tenant.admin, `jobs/${gone}`)).status).toBe(204);
    expect((await get(tenant.admin, 'jobs')).body.data).toEqual([]);
    expect(await audited(tenant)).toMatchObject([{ action: 'catalog:ops:cancel' }, { action: 'catalog:ops:discard' }]);
  });

  test('of another tenant do not exist', async () => {
    const id = await dead('a');
    const answers = await Promise.all([
      get(other.admin, `jobs/${id}`),
      post(other.admin, `jobs/${id}/retry`),
      post(other.admin, `jobs/${id}/cancel`),
      remove(other.admin, `jobs/${id}`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect((await get(other.admin, 'jobs')).body.data).toEqual([]);
    expect((await get(tenant.admin, `jobs/${id}`)).body.data.state).toBe('dead');
  });

  test('are for administrators', async () => {
    const id = await dead('a');
    const answers = await Promise.all([get(tenant.member, 'jobs'), post(tenant.member, `jobs/${id}/retry`)]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect((await service.request('GET', `${path}/jobs`)).status).toBe(401);
  });

  test('many dead ones run again: of the own tenant, or of all for the platform tenant', async () => {
    await dead('a');
    await dead('b');
    await dead('theirs', {}, other);
    const wish = { queue: 'flaky', errorCode: 'HANDLER_FAILED', limit: 100 };
    const dry = await post(tenant.admin, 'jobs/retry', { ...wish, dryRun: true });
    expect([dry.status, dry.body.data]).toEqual([200, { matched: 2, retried: 0 }]);
    expect((await post(tenant.admin, 'jobs/retry', { ...wish, errorCode: 'NONE', dryRun: false })).body.data).toEqual({
      matched: 0,
      retried: 0,
    });
    fail = false;
    const own = await post(tenant.admin, 'jobs/retry', { ...wish, limit: 1, dryRun: false });
    expect(own.body.data).toEqual({ matched: 2, retried: 1 });
    await eventually(() => expect(ran).toEqual(['a']));
    await post(operator, 'jobs/retry', { ...wish, dryRun: false });
    await eventually(() => expect(ran).toEqual(expect.arrayContaining(['b', 'theirs'])));
  });
});

describe('schedules', () => {
  test('of the platform are shown to it, held, let go and run', async () => {
    const find = async () =>
      (await get(operator, 'schedules')).body.data.find(({ name }: { name: string }) => name === 'nightly');
    await eventually(async () =>
      expect(await find()).toMatchObject({
        cron: '0 3 * * *',
        timezone: 'UTC',
        paused: false,
        tenants: 1,
        lastAt: null,
      }),
    );
    expect((await post(operator, 'schedules/nightly/pause')).body.data).toEqual({ name: 'nightly', paused: true });
    expect((await find()).paused).toBe(true);
    expect((await post(operator, 'schedules/nightly/resume')).body.data).toEqual({ name: 'nightly', paused: false });
    fail = false;
    const answer = await post(operator, 'schedules/nightly/run');
    expect([answer.status, answer.body.data]).toEqual([202, { name: 'nightly', jobs: 1 }]);
    await eventually(() => expect(ran).toEqual(['night']));
  });

  test('of the platform do not exist for a tenant, nor do unknown ones', async () => {
    const answers = await Promise.all([
      post(tenant.admin, 'schedules/nightly/run'),
      post(tenant.admin, 'schedules/nightly/pause'),
      post(operator, 'schedules/weekly/run'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await get(tenant.admin, 'schedules')).body.data).toEqual([]);
  });
});
