import { ConflictError, ValidationError } from '@idp/errors';
import { newId } from '@idp/contracts';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lockIds, platformDoor, scan, type Database, type Tx } from '../src/index.ts';
import { addThing, countThings, startProbe, tenantA, tenantB, type Probe, type ProbeTables } from './probe.ts';

let probe: Probe;
let database: Database<ProbeTables>;

beforeAll(async () => {
  probe = await startProbe();
  database = probe.open();
});
beforeEach(async () => {
  await probe.admin.query('truncate things, people, queue');
});
afterAll(() => probe[Symbol.asyncDispose]());

describe('the doors', () => {
  test('a tenant sees its own rows and no others', async () => {
    const id = await database.tenant(tenantA).write((tx) => addThing(tx, 'mine'));
    const names = (tx: Tx<ProbeTables>) => tx.db.selectFrom('things').select('name').execute();
    expect(await database.tenant(tenantA).read(names)).toEqual([{ name: 'mine' }]);
    expect(await database.tenant(tenantB).read(names)).toEqual([]);
    const removed = await database
      .tenant(tenantB)
      .write((tx) => tx.db.deleteFrom('things').where('id', '=', id).executeTakeFirst(), { unaudited: 'test' });
    expect(removed.numDeletedRows).toBe(0n);
  });

  test('a row of another tenant cannot be written', async () => {
    const writing = database
      .tenant(tenantA)
      .write((tx) => tx.db.insertInto('things').values({ tenant_id: tenantB, id: newId(), name: 'x' }).execute());
    await expect(writing).rejects.toMatchObject({ code: '42501' });
    expect(await countThings(probe)).toBe(0);
  });

  test('an id that is not a UUID is refused before anything is sent', () => {
    expect(() => database.tenant(`' or true --`)).toThrow(ValidationError);
  });

  test('a read cannot write', async () => {
    const writing = database.tenant(tenantA).read((tx) => tx.db.deleteFrom('things').execute());
    await expect(writing).rejects.toMatchObject({ code: '25006' });
  });

  test('global tables are open in the global door alone', async () => {
    const add = (tx: Tx<ProbeTables>) => tx.db.insertInto('people').values({ id: newId(), email: newId() }).execute();
    const emails = (tx: Tx<ProbeTables>) => tx.db.selectFrom('people').select('email').execute();
    await database.tenant(tenantA).write((tx) => addThing(tx, 'mine'));
    await database.global.write(add);
    expect(await database.global.read(emails)).toHaveLength(1);
    expect(await database.tenant(tenantA).read(emails)).toEqual([]);
    expect(await database.tenant(tenantA).read(emails, { global: true })).toHaveLength(1);
    await expect(database.tenant(tenantA).write(add, { unaudited: 'test' })).rejects.toMatchObject({ code: '42501' });
    expect(await database.global.read((tx) => tx.db.selectFrom('things').select('id').execute())).toEqual([]);
  });

  test('the global door is closed where a service declares no global tables', async () => {
    const plain = probe.open({ globalTables: false });
    await expect(async () => plain.global.read(async () => 1)).rejects.toThrow('declares no global tables');
    await expect(async () => plain.chunk(async () => 1, { global: true })).rejects.toThrow('declares no global tables');
  });

  test('audit rows of the global door belong to the platform tenant', async () => {
    await database.global.write(async (tx) => {
      await tx.db.insertInto('people').values({ id: newId(), email: 'a@example.test' }).execute();
      tx.audit({ action: 'probe:person:create', resourceType: 'person', resourceId: '1' });
    });
    const { rows } = await probe.admin.query(`select tenant_id from audit_log where action = 'probe:person:create'`);
    expect(rows).toEqual([{ tenant_id: '00000000-0000-7000-8000-000000000000' }]);
  });

  test('a chunk works for one tenant after the other and commits once', async () => {
    const committed: string[] = [];
    await database.chunk(async (chunk) => {
      for (const tenant of [tenantA, tenantB, tenantA]) {
        await chunk.tenant(tenant, async (tx) => {
          await tx.db.insertInto('things').values({ id: newId(), name: newId() }).execute();
          tx.beforeCommit('queue', { payload: { tenant } });
          tx.afterCommit(() => void committed.push(tenant));
          expect(await tx.db.selectFrom('things').select('tenant_id').distinct().execute()).toEqual([
            { tenant_id: tenant },
          ]);
        });
      }
      expect(committed).toEqual([]);
    });
    expect(committed).toEqual([tenantA, tenantB, tenantA]);
    const { rows } = await probe.admin.query('select tenant_id, payload from queue order by seq');
    expect(rows.map((row: { tenant_id: string }) => row.tenant_id)).toEqual([tenantA, tenantB, tenantA]);
  });

  test('a chunk sees global tables where it asks for them', async () => {
    const people = (global: boolean) =>
      database.chunk((chunk) => chunk.tenant(tenantB, (tx) => tx.db.selectFrom('people').select('email').execute()), {
        global,
      });
    await database.global.write((tx) => tx.db.insertInto('people').values({ id: newId(), email: 'a' }).execute());
    expect([await people(true), await people(false)]).toEqual([[{ email: 'a' }], []]);
  });

  test('a chunk asks for several tenants at once, each in its own rows, and its work goes on in the right one', async () => {
    const names = sql`select tenant_id, name from things order by name`;
    const insert = (name: string) =>
      sql`insert into things (id, name) values (${newId()}, ${name}) returning tenant_id`;
    await database.chunk(async (chunk) => {
      const answers = await chunk.ask([
        { tenantId: tenantA, statements: [insert('asked a'), names] },
        { tenantId: tenantB, statements: [] },
        { tenantId: tenantB, statements: [insert('asked b'), names] },
      ]);
      expect(answers).toEqual([
        [[{ tenant_id: tenantA }], [{ tenant_id: tenantA, name: 'asked a' }]],
        [],
        [[{ tenant_id: tenantB }], [{ tenant_id: tenantB, name: 'asked b' }]],
      ]);
      for (const tenant of [tenantB, tenantA]) {
        const seen = await chunk.tenant(tenant, (tx) => tx.db.selectFrom('things').select('tenant_id').execute());
        expect(seen).toEqual([{ tenant_id: tenant }]);
      }
      await chunk.tenant(tenantA, async () => {
        await expect(chunk.ask([])).rejects.toThrow('one tenant at a time');
      });
    });
  });

  test('a statement that fails in a chunk fails the question, and what was asked is undone', async () => {
    const asked = database.chunk((chunk) =>
      chunk.ask([
        { tenantId: tenantA, statements: [sql`insert into things (id, name) values (${newId()}, 'lost')`] },
        { tenantId: tenantB, statements: [sql`select 1 / 0`] },
      ]),
    );
    await expect(asked).rejects.toMatchObject({ code: '22012' });
    const { rows } = await probe.admin.query(`select from things where name = 'lost'`);
    expect(rows).toEqual([]);
  });

  test('a transaction says why it cannot commit, also when the error was caught', async () => {
    const writing = database.tenant(tenantA).write(async (tx) => {
      expect(tx.failure).toBeUndefined();
      await sql`select 1 / 0`.execute(tx.db).catch(() => undefined);
      expect(tx.failure).toMatchObject({ code: '22012' });
    });
    await expect(writing).rejects.toMatchObject({ code: '22012' });
  });

  test('the platform door sees platform tables of all tenants and no tenant table', async () => {
    const relay = platformDoor(database);
    await database.tenant(tenantA).write(async (tx) => tx.beforeCommit('queue', { payload: {} }));
    expect(await relay.transaction(({ db }) => db.selectFrom('queue').select('tenant_id').execute())).toEqual([
      { tenant_id: tenantA },
    ]);
    await expect(relay.transaction(({ db }) => db.selectFrom('things').select('id').execute())).rejects.toMatchObject({
      code: '42501',
    });
  });
});

describe('a write', () => {
  test('runs its hooks after COMMIT, and not at all when it fails', async () => {
    const ran: string[] = [];
    await database.tenant(tenantA).write(async (tx) => {
      tx.afterCommit(() => void ran.push('committed'));
      await addThing(tx, 'a');
    });
    const failing = database.tenant(tenantA).write(async (tx) => {
      tx.afterCommit(() => void ran.push('never'));
      await addThing(tx, 'a');
    });
    await expect(failing).rejects.toThrow(ConflictError);
    expect(ran).toEqual(['committed']);
  });

  test('names the field of a broken constraint', async () => {
    const add = (name: string, more?: { rank?: number; parentId?: string }) =>
      database.tenant(tenantA).write((tx) => addThing(tx, name, more));
    const parentId = await add('parent');
    await add('child', { parentId });
    await expect(add('parent')).rejects.toMatchObject({ code: 'CONFLICT', details: { field: 'name' } });
    await expect(add('low', { rank: -1 })).rejects.toMatchObject({ status: 422, details: { field: 'rank' } });
    await expect(add('orphan', { parentId: newId() })).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
    const removing = database
      .tenant(tenantA)
      .write((tx) => tx.db.deleteFrom('things').where('id', '=', parentId).execute(), { unaudited: 'test' });
    await expect(removing).rejects.toMatchObject({ status: 409, details: { field: 'parentId' } });
  });

  test('repeats itself after a serialization failure, without repeating what the attempt left in memory', async () => {
    const id = await database.tenant(tenantA).write((tx) => addThing(tx, 'counter'));
    let attempts = 0;
    const hooks: number[] = [];
    const everyoneHasRead = Promise.withResolvers<void>();
    const add = () =>
      database.tenant(tenantA).write(
        async (tx) => {
          const attempt = (attempts += 1);
          const thing = await tx.db.selectFrom('things').select('rank').where('id', '=', id).executeTakeFirstOrThrow();
          if (attempt === 3) everyoneHasRead.resolve();
          await everyoneHasRead.promise;
          await tx.db
            .updateTable('things')
            .set({ rank: thing.rank + 1 })
            .where('id', '=', id)
            .execute();
          tx.audit({ action: 'probe:thing:update', resourceType: 'thing', resourceId: id });
          tx.afterCommit(() => void hooks.push(1));
        },
        { isolation: 'repeatable read' },
      );
    await Promise.all([add(), add(), add()]);
    expect(await countThings(probe, 'rank = 3')).toBe(1);
    expect(attempts).toBeGreaterThan(3);
    expect(hooks).toHaveLength(3);
    const { rows } = await probe.admin.query(`select from audit_log where action = 'probe:thing:update'`);
    expect(rows).toHaveLength(3);
  });

  test('undoes a savepoint with its buffered rows and goes on', async () => {
    await database.tenant(tenantA).write(async (tx) => {
      await addThing(tx, 'kept');
      const inner = tx.savepoint(async () => {
        tx.beforeCommit('queue', { payload: { kept: false } });
        await addThing(tx, 'undone');
        await addThing(tx, 'kept');
      });
      await expect(inner).rejects.toThrow(ConflictError);
      tx.beforeCommit('queue', { payload: { kept: true } });
      await addThing(tx, 'after');
    });
    expect((await probe.admin.query('select name from things order by name')).rows).toEqual([
      { name: 'after' },
      { name: 'kept' },
    ]);
    expect((await probe.admin.query('select payload from queue')).rows).toEqual([{ payload: { kept: true } }]);
  });

  test('refuses a transaction inside a transaction of the same pool', async () => {
    const nested = database.tenant(tenantA).write(() => database.tenant(tenantA).read(async () => 1));
    await expect(nested).rejects.toThrow('a transaction inside a transaction');
  });

  test('refuses queries after its end', async () => {
    let kept: Tx<ProbeTables> | undefined;
    await database.tenant(tenantA).read(async (tx) => {
      kept = tx;
      await tx.db.selectFrom('things').select('id').execute();
    });
    await expect(kept?.db.selectFrom('things').select('id').execute()).rejects.toThrow('has ended');
  });

  test('refuses text that PostgreSQL cannot hold, before it is sent', async () => {
    for (const name of ['a\0b', 'a\ud800']) {
      await expect(database.tenant(tenantA).write((tx) => addThing(tx, name))).rejects.toThrow(ValidationError);
    }
    const json = (note: object) =>
      database
        .tenant(tenantA)
        .write((tx) => sql`update things set note = ${note}`.execute(tx.db), { unaudited: 'test' });
    await expect(json({ text: 'a\0b' })).rejects.toThrow(ValidationError);
    await expect(json({ text: 'a\\u0000b' })).resolves.toBeDefined();
  });
});

test('values come back exactly', async () => {
  const { rows } = await database.tenant(tenantA).read((tx) =>
    sql<Record<string, unknown>>`select 9007199254740991::int8 as big, 1.10::numeric as money, date '2026-02-03' as day,
      timestamptz '2026-02-03 04:05:06.123456+02' as at, array[1, 2]::int8[] as bigs,
      array[timestamptz '2026-01-01 00:00:00Z', null] as times, '{"a": [1]}'::jsonb as json, 'infinity'::timestamptz as never`.execute(
      tx.db,
    ),
  );
  expect(rows[0]).toEqual({
    big: 9007199254740991,
    money: '1.10',
    day: '2026-02-03',
    at: '2026-02-03T02:05:06.123456Z',
    bigs: [1, 2],
    times: ['2026-01-01T00:00:00Z', null],
    json: { a: [1] },
    never: 'infinity',
  });
  const beyond = database.tenant(tenantA).read((tx) => sql`select 9007199254740993::int8 as big`.execute(tx.db));
  await expect(beyond).rejects.toThrow('does not fit');
});

test('locks rows in sorted order, whatever order they are named in', async () => {
  const ids = await database.tenant(tenantA).write(async (tx) => [await addThing(tx, 'a'), await addThing(tx, 'b')]);
  const work = (order: string[]) =>
    database.tenant(tenantA).write((tx) => lockIds(tx, 'things', order), { unaudited: 'test' });
  const all = await Promise.all(Array.from({ length: 20 }, (_, n) => work(n % 2 === 0 ? ids : ids.toReversed())));
  expect(new Set(all.map((found) => found.join()))).toEqual(new Set([ids.toSorted().join()]));
});

test('scans all rows in chunks', async () => {
  await database.tenant(tenantA).write(async (tx) => {
    for (let n = 0; n < 25; n += 1) await addThing(tx, `n${n}`);
  });
  const sizes: number[] = [];
  await database.tenant(tenantA).read(async (tx) => {
    const query = tx.db.selectFrom('things').select(['id', 'created_at']);
    for await (const rows of scan(query, { sort: [{ column: 'created_at' }, { column: 'id' }], chunk: 10 }))
      sizes.push(rows.length);
  });
  expect(sizes).toEqual([10, 10, 5]);
});

test('errors of a statement are of the taxonomy', async () => {
  const run = (text: string) => database.tenant(tenantA).read((tx) => sql.raw(text).execute(tx.db));
  await expect(run(`select 'x'::uuid`)).rejects.toThrow(ValidationError);
  await expect(run(`select 99999999999::text::int4`)).rejects.toThrow(ValidationError);
  await expect(
    database.tenant(tenantA).read((tx) => sql`select pg_sleep(2)`.execute(tx.db), { timeoutMs: 50 }),
  ).rejects.toMatchObject({
    status: 504,
  });
});
