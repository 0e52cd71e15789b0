import { UnavailableError, ValidationError } from '@idp/errors';
import { newId } from '@idp/contracts';
import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../src/index.ts';
import { addThing, countThings, startProbe, tenantA, tenantB, type Probe, type ProbeTables } from './probe.ts';
import { startWireProxy, type WireProxy } from './wire-proxy.ts';

let probe: Probe;
let proxy: WireProxy;
let database: Database<ProbeTables>;
const tenants = [tenantA, tenantB, ...Array.from({ length: 6 }, newId)];

beforeAll(async () => {
  probe = await startProbe();
  proxy = await startWireProxy(probe.appUrl);
  database = probe.open({ url: proxy.url, poolMax: 4 });
  for (const [index, tenant] of tenants.entries()) {
    await database.tenant(tenant).write((tx) => addThing(tx, `of ${tenant}`, { rank: index }));
  }
});

afterAll(async () => {
  await probe[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

const names = CompiledQuery.raw('select name, rank, created_at from things') as CompiledQuery<{ name: string }>;
const raw = <R>(text: string, values: unknown[] = []): CompiledQuery<R> =>
  CompiledQuery.raw(text, values) as CompiledQuery<R>;
const namesOf = (tenant: string): Promise<{ name: string }[]> => database.tenant(tenant).select('names', names);

/** Selects go their own way until a connection is there to be shared. */
async function warm(): Promise<void> {
  await namesOf(tenantA);
  await expect.poll(() => shared(tenantA)).toBe(true);
}

/** The statement ran on a connection where it is prepared under a name of `select`. */
async function shared(tenant: string): Promise<boolean> {
  const rows = await database
    .tenant(tenant)
    .select('prepared', raw<{ name: string }>(`select name from pg_prepared_statements where name like 'select\\_%'`));
  return rows.length > 0;
}

test('each of many at once sees its own tenant and nothing else', async () => {
  await warm();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...tenants), { minLength: 1, maxLength: 60 }), async (asked) => {
      const answers = await Promise.all(asked.map(namesOf));
      expect(answers.map((rows) => rows.map(({ name }) => name))).toEqual(asked.map((tenant) => [`of ${tenant}`]));
    }),
    { numRuns: 50 },
  );
});

test('the rows are those of a read', async () => {
  await warm();
  const values = ['text', 7, true, null];
  const text = `select $1::text as a, $2::int8 as b, $3::bool as c, $4::text as d, now() - now() as e,
    '{1,2}'::int8[] as f, '{"g": [1]}'::jsonb as g, timestamptz '2026-01-02 03:04:05.678901+00' as h, 'x'::bytea as i`;
  const query = raw(text, values);
  const read = await database.tenant(tenantA).read((tx) => tx.db.executeQuery(query));
  for (let round = 0; round < 2; round += 1) {
    expect(await database.tenant(tenantA).select('types', query)).toEqual(read.rows);
  }
});

test('no tenant stays on the connection', async () => {
  await warm();
  const text = `select current_setting('app.tenant_id', true) as tenant, current_setting('transaction_read_only') as mode`;
  const inside = await database.tenant(tenantA).select('settings', raw(text));
  expect(inside).toEqual([{ tenant: tenantA, mode: 'on' }]);
  // Every connection of the pool, the shared one included once it is given back, begins without a tenant.
  const single = probe.open({ poolMax: 2 });
  await single.tenant(tenantA).select('names', names);
  await expect
    .poll(async () => {
      await single.tenant(tenantA).select('names', names);
      const { rows } = await probe.admin.query(`select from pg_stat_activity where usename = $1 and query like $2`, [
        probe.roles.app,
        '%from things%',
      ]);
      return rows.length;
    })
    .toBeGreaterThan(0);
  const outside = await Promise.all(
    [1, 2].map(() => single.global.read((tx) => tx.db.executeQuery<{ tenant: string | null }>(raw(text)))),
  );
  expect(outside.map(({ rows }) => rows[0]?.tenant ?? '')).toEqual(['', '']);
});

test('cannot change anything', async () => {
  await warm();
  const before = await countThings(probe);
  const deleting = database.tenant(tenantA).select('delete', raw('delete from things returning id'));
  await expect(deleting).rejects.toThrow(/read-only transaction/);
  const escaping = database
    .tenant(tenantA)
    .select('set', raw(`select set_config('transaction_read_only', 'off', true)`));
  await expect(escaping).rejects.toThrow(/read-write mode/);
  expect(await countThings(probe)).toBe(before);
});

test('a failing one fails alone', async () => {
  await warm();
  const divided = (by: number): Promise<{ value: number }[]> =>
    database.tenant(tenantA).select('divide', raw('select 6 / $1::int4 as value', [by]));
  const answers = await Promise.allSettled([divided(0), divided(2), namesOf(tenantB), divided(0), divided(3)]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(await divided(1)).toEqual([{ value: 6 }]);
  expect(await namesOf(tenantB)).toHaveLength(1);
});

test('errors are those of a read', async () => {
  await warm();
  const select = (text: string, values: unknown[] = []) => database.tenant(tenantA).select('wrong', raw(text, values));
  await expect(select('select $1::text', ['\0'])).rejects.toBeInstanceOf(ValidationError);
  await expect(select('select $1::uuid', ['no uuid'])).rejects.toBeInstanceOf(ValidationError);
  await expect(select('select * from pg_authid')).rejects.toMatchObject({ code: '42501' });
  await expect(select('selec')).rejects.toThrow(/syntax/);
});

test('a statement whose columns changed is answered, and prepared anew', async () => {
  await warm();
  const things = () => database.tenant(tenantA).select('things', raw<Record<string, unknown>>('select * from things'));
  expect(Object.keys((await things())[0]!)).not.toContain('extra');
  await probe.admin.query('alter table things add column extra int4 default 5');
  for (let round = 0; round < 3; round += 1) expect((await things())[0]).toMatchObject({ extra: 5 });
  await probe.admin.query('alter table things drop column extra');
  for (let round = 0; round < 3; round += 1) expect(Object.keys((await things())[0]!)).not.toContain('extra');
});

test('statements that the server forgot are answered, and prepared anew', async () => {
  const names: string[] = [];
  // Two connections make one lane, so every statement that is shared meets the same one.
  const forgetful = probe.open({ poolMax: 2, onQuery: ({ name }) => names.push(name) });
  const select = (name: string, text: string) => forgetful.tenant(tenantA).select(name, raw(text));
  const prepared = () => select('prepared', `select name from pg_prepared_statements where name like 'select\\_%'`);
  await prepared();
  await expect.poll(async () => (await prepared()).length).toBeGreaterThan(1);
  await select('forget', 'deallocate all');
  names.length = 0;
  expect(await prepared()).toEqual([]);
  // Once on the shared connection, where it failed, and once in a transaction of its own.
  expect(names).toEqual(['prepared', 'prepared']);
  expect((await prepared()).length).toBeGreaterThan(1);
});

test('a value that cannot be read is its own error, and fails alone', async () => {
  await warm();
  const tooLarge = database.tenant(tenantA).select('large', raw('select 9007199254740993::int8 as value'));
  await expect(tooLarge).rejects.toBeInstanceOf(RangeError);
  expect(await namesOf(tenantA)).toHaveLength(1);
});

test('more statements than a connection may prepare are answered, known ones still shared', async () => {
  const sent: string[] = [];
  const full = probe.open({ poolMax: 2, onQuery: ({ name }) => sent.push(name) });
  const select = <R>(name: string, text: string) => full.tenant(tenantA).select(name, raw<R>(text));
  const prepared = () =>
    select<{ name: string }>('prepared', `select name from pg_prepared_statements where name like 'select\\_%'`);
  await prepared();
  await expect.poll(async () => (await prepared()).length).toBeGreaterThan(1);
  for (let n = 0; n < 70; n += 1) {
    expect(await select(`many ${n}`, `select ${n} as value`)).toEqual([{ value: n }]);
  }
  expect((await prepared()).length).toBe(64);
  expect(new Set(sent).size).toBe(71);
});

test('a connection that is cut fails what waits on it, and the next is answered', async () => {
  await warm();
  proxy.cutBeforeSending('cut here');
  const cut = [1, 2, 3].map((n) =>
    database.tenant(tenantA).select('cut', raw(`select 'cut here' as text, $1::int4`, [n])),
  );
  for (const answer of await Promise.allSettled(cut)) {
    expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(UnavailableError) });
  }
  expect(await namesOf(tenantA)).toHaveLength(1);
});

test('what is asked in one turn is one round trip', async () => {
  const quiet = probe.open({ url: proxy.url, poolMax: 2 });
  const ask = () => quiet.tenant(tenantA).select('names', names);
  await ask();
  await expect
    .poll(async () => {
      proxy.reset();
      await Promise.all(Array.from({ length: 10 }, ask));
      return proxy.roundTrips();
    })
    .toBe(1);
});

test('a slow statement holds up nobody else', async () => {
  await warm();
  let over = false;
  const slow = database
    .tenant(tenantA)
    .select('slow', raw('select pg_sleep(4)'))
    .finally(() => (over = true));
  // Those right behind it may have to wait; once it is seen to be slow nobody is put there any more.
  await sleep(100);
  const answers = await Promise.all(tenants.map(namesOf));
  expect(answers.map((rows) => rows.length)).toEqual(tenants.map(() => 1));
  expect(over).toBe(false);
  expect(await slow).toHaveLength(1);
});

test('closing waits for what is under way', async () => {
  const closing = probe.open({ poolMax: 2 });
  const ask = () => closing.tenant(tenantA).select('names', names);
  await ask();
  await ask();
  const answers = Promise.all(Array.from({ length: 20 }, ask));
  await closing[Symbol.asyncDispose]();
  expect((await answers).every((rows) => rows.length === 1)).toBe(true);
});

test('closing waits for what has no connection yet', async () => {
  const closing = probe.open({ poolMax: 1 });
  const answers = Promise.all(
    Array.from({ length: 20 }, () => closing.tenant(tenantA).read(async ({ db }) => await db.executeQuery(names))),
  );
  await closing[Symbol.asyncDispose]();
  expect((await answers).every(({ rows }) => rows.length === 1)).toBe(true);
});
