import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { platformTenantId } from '@idp/contracts';
import { RetryLater } from '@idp/events';
import type { SignedTenant, TestPerson } from '@idp/testing';
import { startShaky, type Shaky } from './shaky-service.ts';

const ops = '/api/v1/catalog/ops';
const name = 'catalog.tenants';
let service: Shaky;
let tenant: SignedTenant;
let other: SignedTenant;
let operator: TestPerson;

beforeAll(async () => {
  service = await startShaky();
  operator = await service.person(platformTenantId, 'tenant-owner');
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  service.script.handle = () => undefined;
  [tenant, other] = await Promise.all([service.tenant(), service.tenant()]);
});

const get = (person: TestPerson, path: string) => service.request('GET', `${ops}${path}`, { token: person.token });
const post = (person: TestPerson, path: string, body?: unknown) =>
  service.request('POST', `${ops}${path}`, { token: person.token, body });

async function consumer(person: TestPerson) {
  const answer = await get(person, '/consumers');
  expect(answer.status).toBe(200);
  return answer.body.data.find((each: { name: string }) => each.name === name);
}

/** Versions 1 to 3 of `a`, of which the first asks for time. */
async function park(): Promise<void> {
  service.script.handle = () => {
    throw new RetryLater(3_600_000, 'not before tomorrow');
  };
  for (let version = 1; version <= 3; version++) await service.send(tenant.id, 'a', version);
}

describe('parked events', () => {
  test('are listed for their tenant alone', async () => {
    await park();
    const { data } = (await get(tenant.admin, '/parked-events')).body;
    expect(data).toMatchObject([
      { consumer: name, key: `${tenant.id}:a`, sequence: 1, code: 'RETRY_LATER', message: 'not before tomorrow' },
      { sequence: 2, code: 'WAITS', nextAt: null },
      { sequence: 3, code: 'WAITS', nextAt: null },
    ]);
    expect((await get(other.admin, '/parked-events')).body.data).toEqual([]);
    expect((await get(operator, '/parked-events')).body.data).toEqual([]);
    expect((await get(tenant.member, '/parked-events')).status).toBe(403);
    const first = (await get(tenant.admin, '/parked-events?limit=1')).body;
    const cursor = encodeURIComponent(first.meta.nextCursor);
    const rest = (await get(tenant.admin, `/parked-events?limit=2&cursor=${cursor}`)).body;
    expect(rest.data.map(({ sequence }: { sequence: number }) => sequence)).toEqual([2, 3]);
  });

  test('are tried at once when asked, and their key goes on in order', async () => {
    await park();
    service.script.handle = () => undefined;
    const place = { consumer: name, key: `${tenant.id}:a` };
    for (const person of [other.admin, operator])
      expect((await post(person, '/parked-events/retry', place)).status).toBe(404);
    expect(await service.effects(tenant.id)).toEqual([]);
    const answer = await post(tenant.admin, '/parked-events/retry', place);
    expect([answer.status, answer.body.data]).toEqual([202, place]);
    await service.running.events.drain();
    expect(await service.effects(tenant.id)).toEqual(['a@1', 'a@2', 'a@3']);
    expect((await post(tenant.admin, '/parked-events/retry', place)).status).toBe(404);
  });
});

describe('consumers', () => {
  test('show a tenant what waits of its own, and an operator all of it with the progress', async () => {
    await park();
    const own = await consumer(tenant.admin);
    expect(own).toMatchObject({ name, ordering: 'key', mode: 'group', paused: false, parked: 3, dead: 0 });
    expect(own).not.toHaveProperty('partitions');
    expect(await consumer(other.admin)).toMatchObject({ parked: 0, oldestParkedSeconds: 0 });
    const all = await consumer(operator);
    expect(all.parked).toBeGreaterThanOrEqual(3);
    expect(all).toMatchObject({ lag: 0, ageSeconds: 0 });
    expect(all.partitions).toHaveLength(12);
    expect((await get(tenant.viewer, '/consumers')).status).toBe(403);
  });

  test('are held and let go by operators alone; what waits is applied then', async () => {
    for (const verb of ['pause', 'resume']) {
      expect((await post(tenant.owner, `/consumers/${name}/${verb}`)).status).toBe(403);
    }
    expect((await post(operator, '/consumers/catalog.nothing/pause')).status).toBe(404);
    const paused = await post(operator, `/consumers/${name}/pause`);
    expect([paused.status, paused.body.data]).toEqual([200, { name, paused: true }]);
    await service.send(tenant.id, 'held', 1);
    expect(await service.effects(tenant.id)).toEqual([]);
    expect(await consumer(operator)).toMatchObject({ paused: true, lag: 1 });
    expect((await post(operator, `/consumers/${name}/resume`)).body.data).toEqual({ name, paused: false });
    await service.running.events.drain();
    expect(await service.effects(tenant.id)).toEqual(['held@1']);
    const { rows } = await service.running.database
      .tenant(platformTenantId)
      .read((tx) => sql`select action, resource_id from audit_log order by occurred_at`.execute(tx.db));
    expect(rows).toEqual([
      { action: 'catalog:ops:pause', resource_id: name },
      { action: 'catalog:ops:resume', resource_id: name },
    ]);
  });
});

test('the outbox is shown to operators: what is pending by shard, and nothing of a tenant', async () => {
  expect((await get(tenant.owner, '/outbox')).status).toBe(403);
  const { data } = (await get(operator, '/outbox')).body;
  expect(data.shards).toHaveLength(8);
  expect(data.shards[0]).toEqual({ shard: 0, pending: 0, oldestAgeSeconds: 0 });
  expect(data).toMatchObject({ heldTopics: [], refused: [] });
});
