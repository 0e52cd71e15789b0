import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import fc from 'fast-check';
import { sql } from 'kysely';
import { claimJobs } from '../src/store/claim.ts';
import { onPlatform } from '../src/store/statement.ts';
import { enqueueMany } from '../src/index.ts';
import { add, labels, newTenant, openProbe, recording, run, until, type Probe } from './probe.ts';
import { connect, openDoor, service } from './service.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

const queue = recording();
const zero = '00000000-0000-0000-0000-000000000000';

function claim(limit: number, after = zero, tenantConcurrency?: number) {
  return openDoor(probe).transaction((tx) =>
    claimJobs(onPlatform(tx.db), {
      service,
      owner: 'test',
      wishes: [{ queue: queue.name, limit, free: limit, after, leaseSeconds: 30, tenantConcurrency }],
    }),
  );
}

async function fill(jobs: number): Promise<string> {
  const tenant = newTenant();
  const payloads = Array.from({ length: jobs }, (_, i) => ({ payload: { label: String(i) } }));
  await probe.database.tenant(tenant).write((tx) => enqueueMany(tx, queue, payloads));
  return tenant;
}

it('every claim takes the same share of each tenant and goes on behind the last one served', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 10 }),
      async (counts, limit) => {
        await probe.reset();
        const waiting = new Map<string, number>();
        for (const count of counts) waiting.set(await fill(count), count);
        const lastServed = new Map([...waiting.keys()].map((tenant) => [tenant, 0]));
        let after = zero;
        for (let round = 1; waiting.size > 0; round += 1) {
          const tenants = waiting.size;
          const answer = await claim(limit, after);
          after = answer.after.get(queue.name)!;
          const total = [...waiting.values()].reduce((sum, n) => sum + n, 0);
          const taken = Map.groupBy(answer.jobs, (job) => job.tenantId);
          const share = Math.ceil(limit / Math.min(tenants, limit));
          expect(answer.jobs.length).toBeGreaterThan(0);
          expect(answer.jobs.length).toBeLessThanOrEqual(Math.min(limit, total));
          for (const [tenant, jobs] of taken) {
            expect(jobs.length).toBeLessThanOrEqual(share);
            lastServed.set(tenant, round);
            const left = waiting.get(tenant)! - jobs.length;
            if (left === 0) waiting.delete(tenant);
            else waiting.set(tenant, left);
          }
          // Nobody waits longer than it takes to serve everybody else once.
          const patience = Math.ceil(tenants / Math.max(1, Math.floor(limit / share))) + 1;
          for (const tenant of waiting.keys()) expect(round - lastServed.get(tenant)!).toBeLessThanOrEqual(patience);
        }
        expect((await claim(limit, after)).jobs).toEqual([]);
      },
    ),
    { numRuns: 20 },
  );
});

it('two who claim at once never take the same job', async () => {
  for (let i = 0; i < 4; i += 1) await fill(50);
  const answers = await Promise.all(Array.from({ length: 12 }, () => claim(20)));
  const ids = answers.flatMap(({ jobs }) => jobs.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
});

it('a tenant at its limit is passed over, for all processes together', async () => {
  const [busy, other] = [await fill(10), await fill(1)];
  const answers = await Promise.all(Array.from({ length: 6 }, () => claim(10, zero, 2)));
  const taken = answers.flatMap(({ jobs }) => jobs.map(({ tenantId }) => tenantId));
  expect(taken.filter((tenant) => tenant === busy)).toHaveLength(2);
  expect(taken.filter((tenant) => tenant === other)).toHaveLength(1);
});

it('never more runs of a tenant side by side than its limit', async () => {
  let now = 0;
  let most = 0;
  const limited = recording({
    tenantConcurrency: 3,
    async handler() {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
    },
  });
  await fill(200);
  await using first = run(probe, { queues: [limited] });
  await using second = run(probe, { queues: [limited] });
  await first.drain();
  await second.drain();
  expect(most).toBe(3);
});

it('a claim that goes around few tenants does not read what lies in the queue', async () => {
  const few = [newTenant(), newTenant(), newTenant()].toSorted();
  await using admin = await connect(probe.address.adminUrl);
  await admin.query(
    `insert into ${service}.jobs (tenant_id, id, queue, state, payload)
     select ($1::uuid[])[1 + n % 3], gen_random_uuid(), $2, 'ready', '{"label":"x"}' from generate_series(1, 30000) n`,
    [few, queue.name],
  );
  await admin.query(`vacuum analyze ${service}.jobs`);
  const plan = await openDoor(probe).transaction(async ({ db }) => {
    const lines: string[] = [];
    const wishes = [{ queue: queue.name, limit: 10, free: 10, after: few[0]!, leaseSeconds: 30 }];
    await claimJobs(
      async (statement) => {
        const { rows } = await sql<{
          'QUERY PLAN': string;
        }>`explain (analyze, costs off, timing off) ${statement}`.execute(db);
        lines.push(...rows.map((row) => row['QUERY PLAN']));
        return [];
      },
      { service, owner: 'test', wishes },
    );
    return lines;
  });
  const read = plan.flatMap((line) => /rows=([\d.]+)/.exec(line)?.[1] ?? []).map(Number);
  const removed = plan.flatMap((line) => /Rows Removed by Filter: (\d+)/.exec(line)?.[1] ?? []).map(Number);
  expect(Math.max(...read)).toBeLessThan(100);
  expect(Math.max(0, ...removed)).toBeLessThan(100);
});

it('200,000 jobs of one tenant do not keep the first job of another waiting', async () => {
  const flooding = newTenant();
  await using admin = await connect(probe.address.adminUrl);
  await admin.query(
    `insert into ${service}.jobs (tenant_id, id, queue, state, payload)
     select $1, gen_random_uuid(), $2, 'ready', '{"label":"flood"}' from generate_series(1, 200000)`,
    [flooding, queue.name],
  );
  await using running = run(probe, { queues: [queue] });
  await until(async () => (await labels(probe, flooding)).length > 100);
  const tenant = newTenant();
  await add(probe, tenant, queue, 'first');
  await until(async () => (await labels(probe, tenant)).length === 1);
  // Everything done until then is far from all of the flood: it was no matter of waiting for its end.
  expect((await labels(probe, flooding)).length).toBeLessThan(100_000);
  await running.runtime.stop(0);
}, 60_000);
