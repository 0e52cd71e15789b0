import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError, UnavailableError } from '@idp/errors';
import { createTelemetry } from '@idp/telemetry';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommitUnknownError, type Database } from '../src/index.ts';
import { addThing, countThings, service, startProbe, tenantA, tenantB, type Probe, type ProbeTables } from './probe.ts';
import { startWireProxy, type WireProxy } from './wire-proxy.ts';

/** For conditions that come true at once on an idle machine. */
const patience = { timeout: 20_000 };

let probe: Probe;
let proxy: WireProxy;
let database: Database<ProbeTables>;

beforeAll(async () => {
  probe = await startProbe();
  proxy = await startWireProxy(probe.appUrl);
  database = probe.open({ url: proxy.url, poolMax: 4 });
});
beforeEach(async () => {
  await probe.admin.query('truncate things, people, queue');
});
afterAll(async () => {
  await probe[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

const backends = async (): Promise<number> => {
  const { rows } = await probe.admin.query<{ count: number }>(
    `select count(*)::int4 as count from pg_stat_activity where usename = $1 and state <> 'idle'`,
    [probe.roles.app],
  );
  return rows[0]?.count ?? 0;
};

describe('a pipelined write with a failing statement', () => {
  test('reports the failure, not what failed after it, and commits nothing', async () => {
    const results: PromiseSettledResult<unknown>[] = [];
    const writing = database.tenant(tenantA).write(async (tx) => {
      const outcomes = await Promise.allSettled([
        addThing(tx, 'a'),
        addThing(tx, 'a'),
        tx.db.selectFrom('things').select('id').execute(),
      ]);
      results.push(...outcomes);
    });
    await expect(writing).rejects.toMatchObject({ code: 'CONFLICT', details: { field: 'name' } });
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect((results[2] as PromiseRejectedResult).reason).toBe((results[1] as PromiseRejectedResult).reason);
    expect(await countThings(probe)).toBe(0);
  });

  test('reports a buffered row that fails in the write of COMMIT', async () => {
    const writing = database.tenant(tenantA).write(async (tx) => {
      await addThing(tx, 'a');
      tx.beforeCommit('queue', { payload: 'not json' });
    });
    await expect(writing).rejects.toMatchObject({ status: 400 });
    expect(await countThings(probe)).toBe(0);
  });

  test('leaks no connection', async () => {
    const fail = () =>
      database.tenant(tenantA).write((tx) => Promise.all([addThing(tx, 'a'), addThing(tx, 'a'), addThing(tx, 'a')]));
    for (let round = 0; round < 10; round += 1)
      await Promise.allSettled([fail(), fail(), fail(), fail(), fail(), fail()]);
    await vi.waitFor(async () => expect(await backends()).toBe(0), patience);
    expect(proxy.connections()).toBeLessThanOrEqual(4);
    await expect(database.tenant(tenantA).write((tx) => addThing(tx, 'a'))).resolves.toBeTypeOf('string');
  });
});

describe('a lost connection', () => {
  test('right after COMMIT was sent: the outcome is unknown, and said so', async () => {
    const writing = database.tenant(tenantA).write(async (tx) => {
      await addThing(tx, 'committed');
      proxy.cutAfterSending('commit');
    });
    const error = await writing.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CommitUnknownError);
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: 1 });
    await vi.waitFor(async () => expect(await countThings(probe)).toBe(1), patience);
  });

  test('before COMMIT reached the server: unknown as well, and nothing happened', async () => {
    const writing = database.tenant(tenantA).write(async (tx) => {
      await addThing(tx, 'lost');
      proxy.cutBeforeSending('commit');
    });
    await expect(writing).rejects.toThrow(CommitUnknownError);
    expect(await countThings(probe)).toBe(0);
  });

  test('during the work: 503, nothing happened, the next caller is served', async () => {
    proxy.cutBeforeSending('begin');
    const writing = database.tenant(tenantA).write((tx) => addThing(tx, 'lost'));
    const error = await writing.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).not.toBeInstanceOf(CommitUnknownError);
    await expect(database.tenant(tenantA).write((tx) => addThing(tx, 'next'))).resolves.toBeTypeOf('string');
  });

  test('a backend that is terminated while idle is replaced', async () => {
    await database.tenant(tenantA).read((tx) => sql`select 1`.execute(tx.db));
    await probe.admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = $1`, [
      probe.roles.app,
    ]);
    await vi.waitFor(() => expect(proxy.connections()).toBe(0), patience);
    await expect(database.tenant(tenantA).write((tx) => addThing(tx, 'x'))).resolves.toBeTypeOf('string');
  });
});

describe('a server that does not answer', () => {
  test('no server: 503 with Retry-After', async () => {
    const away = probe.open({ url: 'postgres://nobody:nothing@127.0.0.1:1/none' });
    const error = await away
      .tenant(tenantA)
      .read(async () => 1)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: 1 });
    await expect(away.ready()).rejects.toThrow(UnavailableError);
  });

  test('an exhausted pool: waiters fail with 503', async () => {
    const small = probe.open({ poolMax: 1 });
    const slow = small.tenant(tenantA).read((tx) => sql`select pg_sleep(3)`.execute(tx.db));
    await expect(small.tenant(tenantA).read((tx) => sql`select 1`.execute(tx.db))).rejects.toThrow(UnavailableError);
    await slow;
  });

  test('an aborted request ends its statement and gives the connection up', async () => {
    const controller = new AbortController();
    const reading = database
      .tenant(tenantA)
      .read((tx) => sql`select pg_sleep(20)`.execute(tx.db), { signal: controller.signal });
    await vi.waitFor(async () => expect(await backends()).toBe(1), patience);
    controller.abort();
    await expect(reading).rejects.toThrow(TimeoutError);
    await expect(database.tenant(tenantA).read((tx) => sql`select 1`.execute(tx.db))).resolves.toBeDefined();
  });
});

describe('a pooler that forgets prepared statements', () => {
  test('26000 switches naming off and repeats the transaction once', async () => {
    const named = probe.open({ poolMax: 1 });
    const read = () => named.tenant(tenantA).read((tx) => tx.db.selectFrom('things').select('id').execute());
    await read();
    await named.tenant(tenantA).read((tx) => sql`deallocate all`.execute(tx.db));
    await expect(read()).resolves.toEqual([]);
    await named.tenant(tenantA).read((tx) => sql`deallocate all`.execute(tx.db));
    await expect(read()).resolves.toEqual([]);
  });

  test('a changed table is read again over a new connection', async () => {
    const live = probe.open({ poolMax: 1 });
    const read = () => live.tenant(tenantA).read((tx) => sql`select * from things`.execute(tx.db));
    for (let n = 0; n < 6; n += 1) await read();
    await probe.admin.query('alter table things add column more text');
    await expect(read()).resolves.toMatchObject({ rows: [] });
    await probe.admin.query('alter table things drop column more');
    await expect(read()).resolves.toMatchObject({ rows: [] });
  });
});

test('tenants never meet over pooled connections, with errors, timeouts and killed backends mixed in', async () => {
  const { metrics, logger } = createTelemetry({ service, version: 'test', level: 'fatal' });
  const shared = probe.open({ poolMax: 4, metrics, logger });
  const tenants = Array.from(
    { length: 50 },
    (_, n) => `00000000-0000-7000-8000-0000000001${String(n).padStart(2, '0')}`,
  );
  await probe.admin.query(
    `insert into things (tenant_id, id, name) select t, gen_random_uuid(), t::text from unnest($1::uuid[]) as t`,
    [tenants],
  );
  let seen = 0;
  const wrong: string[] = [];
  const caller = async (): Promise<void> => {
    for (let n = 0; n < 60; n += 1) {
      const tenant = tenants[Math.floor(Math.random() * tenants.length)] ?? tenantB;
      const dice = Math.random();
      try {
        const names = await shared.tenant(tenant).read(
          async (tx) => {
            if (dice < 0.02) await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx.db);
            if (dice < 0.06) await sql`select 1/0`.execute(tx.db);
            if (dice < 0.08) throw new Error('handler');
            const rows = await tx.db.selectFrom('things').select('name').execute();
            if (dice < 0.1) await sql`select pg_sleep(1)`.execute(tx.db);
            return rows.map(({ name }) => name);
          },
          dice < 0.1 ? { timeoutMs: 20 } : {},
        );
        seen += 1;
        if (names.length !== 1 || names[0] !== tenant) wrong.push(`${tenant} saw ${names.join()}`);
      } catch {
        await sleep(0);
      }
    }
  };
  await Promise.all(Array.from({ length: 64 }, caller));
  expect(wrong).toEqual([]);
  expect(seen).toBeGreaterThan(2_000);
});
