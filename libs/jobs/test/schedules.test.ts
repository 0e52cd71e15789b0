import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { platformTenantId } from '@idp/contracts';
import { defineQueue, defineSchedule, JobConfigurationError, type ScheduleDefinition } from '../src/index.ts';
import { label, listRows, newTenant, openProbe, run, until, type Label, type Probe } from './probe.ts';
import { connect, service } from './service.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

const queue = defineQueue<Label>({ name: 'kept', payload: label, handler: async () => undefined });
/** A schedule that is due only when a test says so. */
const yearly: ScheduleDefinition<Label> = {
  name: 'yearly',
  cron: '0 0 1 1 *',
  missed: 'once',
  queue,
  payload: { label: 'yearly' },
};

interface Row {
  tenant_id: string;
  next_at: Date;
  last_at: Date | null;
}

async function rows(): Promise<Row[]> {
  await using admin = await connect(probe.address.adminUrl);
  return (await admin.query<Row>(`select tenant_id, next_at, last_at from ${service}.schedules order by tenant_id`))
    .rows;
}

/** Puts the next time of every schedule into the past. */
async function letPass(interval: string): Promise<void> {
  await using admin = await connect(probe.address.adminUrl);
  await admin.query(`update ${service}.schedules set next_at = now() - $1::interval`, [interval]);
}

/** A process that ticks but claims nothing: what it made can be counted. */
const pod = (...schedules: ScheduleDefinition<Label>[]) =>
  run(probe, {
    queues: [
      { ...queue, name: 'elsewhere' },
      { ...queue, concurrency: 1, handler: hold },
    ],
    schedules,
  });
const held: (() => void)[] = [];
function hold(): Promise<void> {
  return new Promise((resolve) => held.push(resolve));
}

describe('a schedule whose time has come', () => {
  it('makes one job, however many processes look', async () => {
    const pods = [pod(yearly), pod(yearly), pod(yearly)];
    await until(async () => (await rows()).length === 1);
    await letPass('1 second');
    await until(async () => (await rows())[0]!.last_at !== null);
    await until(async () => (await rows())[0]!.next_at > new Date());
    expect(await listRows(probe)).toMatchObject([
      { tenant_id: platformTenantId, queue: 'kept', payload: { label: 'yearly' } },
    ]);
    for (const { runtime } of pods) await runtime.stop(0);
  });

  it('makes one for all the times of three days off', async () => {
    await using first = pod({ ...yearly, cron: '0 * * * *' });
    await until(async () => (await rows()).length === 1);
    await first.runtime.stop(0);
    await letPass('3 days');
    await using second = pod({ ...yearly, cron: '0 * * * *' });
    await until(async () => (await rows())[0]!.next_at > new Date());
    await second.runtime.stop(0);
    expect(await listRows(probe)).toHaveLength(1);
  });

  it('makes none when the time was missed and is skipped', async () => {
    await using first = pod({ ...yearly, missed: 'skip' });
    await until(async () => (await rows()).length === 1);
    await letPass('3 days');
    await until(async () => (await rows())[0]!.next_at > new Date());
    await first.runtime.stop(0);
    expect([await listRows(probe), (await rows())[0]!.last_at]).toEqual([[], null]);
  });

  it('makes none while it is paused', async () => {
    await using running = pod(yearly, { ...yearly, name: 'other' });
    await until(async () => (await rows()).length === 2);
    await using admin = await connect(probe.address.adminUrl);
    await admin.query(`update ${service}.schedules set paused = true where name = 'yearly'`);
    await letPass('1 second');
    await until(async () => (await listRows(probe)).length > 0);
    await running.runtime.stop(0);
    expect((await rows()).filter(({ next_at }) => next_at > new Date())).toHaveLength(1);
    expect(await listRows(probe)).toHaveLength(1);
  });
});

describe('a schedule per tenant', () => {
  it('makes one job for each active tenant, spread over time', async () => {
    const tenants = Array.from({ length: 40 }, newTenant);
    let active = tenants;
    const daily = { ...yearly, cron: '0 0 * * *', perTenant: true };
    await using running = run(probe, { queues: [queue], schedules: [daily], tenants: async () => active });
    await until(async () => (await rows()).length === tenants.length);
    const [gone] = tenants;
    active = tenants.slice(1);
    await using admin = await connect(probe.address.adminUrl);
    // What the schedule knows of the tenants is a moment old: until then it may make a job, and for minutes from now.
    await until(async () => {
      await admin.query(`delete from ${service}.jobs`);
      await admin.query(`update ${service}.schedules set next_at = now() where tenant_id = $1`, [gone]);
      await until(async () => (await rows()).every(({ next_at }) => next_at > new Date()));
      return (await listRows(probe)).length === 0;
    });
    await letPass('1 second');
    await until(async () => (await rows()).every(({ next_at }) => next_at > new Date()));
    const { rows: jobs } = await admin.query<{ tenant_id: string; wait: number }>(
      `select tenant_id, extract(epoch from run_at - now())::float8 as wait from ${service}.jobs`,
    );
    const waits = jobs.map(({ wait }) => wait);
    expect(new Set(jobs.map(({ tenant_id }) => tenant_id)).has(gone!)).toBe(false);
    // The first ones may have run already.
    expect(jobs.length).toBeGreaterThan(active.length / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(300);
    expect(Math.max(...waits)).toBeGreaterThan(60);
    await running.runtime.stop(0);
  });

  it('gets a row for a tenant that comes later', async () => {
    const tenants = [newTenant()];
    await using running = run(probe, {
      queues: [queue],
      schedules: [{ ...yearly, perTenant: true }],
      tenants: async () => tenants,
    });
    await until(async () => (await rows()).length === 1);
    tenants.push(newTenant());
    await until(async () => (await rows()).length === 2);
    expect((await rows()).map(({ tenant_id }) => tenant_id)).toEqual(tenants.toSorted());
    await running.runtime.stop(0);
  });
});

it('a release with another time reckons anew', async () => {
  await using before = pod(yearly);
  await until(async () => (await rows()).length === 1);
  await before.runtime.stop(0);
  const [old] = await rows();
  await using after = pod({ ...yearly, cron: '*/5 * * * *' });
  await until(async () => (await rows())[0]!.next_at < old!.next_at);
  expect(await rows()).toHaveLength(1);
  await after.runtime.stop(0);
});

it.each([
  ['an unknown zone', { timezone: 'Mars/Olympus' }],
  ['no cron', { cron: 'every day' }],
  ['a day that never comes', { cron: '0 0 31 2 *' }],
  ['a payload its queue refuses', { payload: { label: 1 } as never }],
  ['a name that is no name', { name: 'Every Day' }],
])('refuses %s', (_, change) => {
  expect(() => defineSchedule({ ...yearly, ...change })).toThrow(JobConfigurationError);
});

it.each([
  ['two schedules of one name', { queues: [queue], schedules: [yearly, yearly] }],
  ['two queues of one name', { queues: [queue, queue] }],
  ['a schedule without its queue', { schedules: [yearly] }],
])('does not start with %s', (_, definitions) => {
  expect(() => run(probe, definitions)).toThrow(JobConfigurationError);
});
