import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '@idp/contracts';
import { sql } from 'kysely';
import {
  catalogAssertions,
  createKeyRowStore,
  explain,
  generateTables,
  judgePlan,
  named,
  wallReports,
  type ObservedQuery,
} from '../src/index.ts';
import { service, startProbe, tenantA, tenantB, type Probe } from './probe.ts';

let probe: Probe;

beforeAll(async () => {
  probe = await startProbe();
});
afterAll(() => probe[Symbol.asyncDispose]());

const findings = async () => catalogAssertions(probe.admin, service, probe.prefix);

describe('the catalog assertions', () => {
  test('find nothing in a migrated schema, seen by a superuser or by the app role', async () => {
    expect(await findings()).toEqual([]);
    const [report, ...others] = await wallReports(probe.open(), tenantA);
    expect(report).toEqual({ service, findings: [], sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(others).toEqual([]);
    expect(await wallReports(probe.open(), tenantB)).toEqual([report]);
    await probe.admin.query('create unique index leak on things (name)');
    const [holed] = await wallReports(probe.open(), tenantA);
    await probe.admin.query('drop index leak');
    expect(holed?.findings).toMatchObject([{ rule: 'tenant key', object: 'leak' }]);
    expect(holed?.sha256).not.toBe(report?.sha256);
  });

  test.each([
    ['row security off', 'alter table things disable row level security', 'row security'],
    ['row security not forced', 'alter table things no force row level security', 'row security'],
    ['a dropped policy', 'drop policy tenant on things', 'policy'],
    ['a second policy', 'create policy more on things to {{app}} using (true)', 'policy'],
    ['another policy text', 'alter policy tenant on things using (tenant_id = ctx_tenant())', 'policy'],
    ['a policy for everyone', 'create policy open on things using (true)', 'policy'],
    ['a policy for the relay', 'create policy relay on things to {{relay}} using (true)', 'policy'],
    ['an open platform table', 'create policy wide on queue for select to {{app}} using (true)', 'policy'],
    ['a grant without a policy', 'drop policy tenant on queue', 'policy'],
    ['an open global table', 'alter policy global on people using (true)', 'policy'],
    ['a unique index without tenant', 'create unique index leak on things (name)', 'tenant key'],
    ['a unique index with the tenant last', 'create unique index leak on things (name, tenant_id)', 'tenant key'],
    [
      'a foreign key without tenant',
      'create unique index leak on things (id); alter table things add constraint fk foreign key (parent_id) references things (id)',
      'tenant key',
    ],
    ['a grant on a partition', 'grant select on audit_log_default to {{app}}', 'grant'],
    ['TRUNCATE for the app role', 'grant truncate on things to {{app}}', 'grant'],
    ['a grant to everyone', 'grant select on things to public', 'grant'],
    ['a table without class', 'comment on table things is null', 'class'],
    ['a materialized view', 'create materialized view copy as select * from things', 'view'],
    ['a view with the rights of its owner', 'create view copy as select * from things', 'view'],
    [
      'a function without pinned path',
      `create function f() returns int language sql security definer as 'select 1'; revoke all on function f() from public`,
      'function',
    ],
    [
      'a context function that lies',
      `create or replace function ctx_tenant() returns uuid language sql stable as $$ select '${tenantB}'::uuid $$`,
      'function',
    ],
    ['a cached sequence', 'alter sequence queue_seq_seq cache 20', 'sequence'],
    ['BYPASSRLS', 'alter role {{app}} bypassrls', 'role'],
    ['membership in the owner role', 'grant {{owner}} to {{app}}', 'role'],
    ['CREATE on the schema', `grant create on schema ${service} to {{app}}`, 'role'],
    ['row_security not fixed', 'alter role {{app}} reset row_security', 'role'],
  ])('find %s', async (_name, sabotage, rule) => {
    const { app, relay, owner } = probe.roles;
    const text = sabotage.replaceAll('{{app}}', app).replaceAll('{{relay}}', relay).replaceAll('{{owner}}', owner);
    const client = await probe.admin.connect();
    try {
      await client.query('begin');
      if (rule !== 'role') await client.query(`set local role ${owner}`);
      await client.query(text);
      const found = await catalogAssertions(client, service, probe.prefix);
      expect(found.map((finding) => finding.rule)).toContain(rule);
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect(await findings()).toEqual([]);
  });
});

test('the table types are written the same way each time', async () => {
  const text = await generateTables(probe.admin, service);
  expect(await generateTables(probe.admin, service)).toBe(text);
  expect(text).toContain(`export interface ThingsTable {
  tenant_id: Generated<string>;
  id: string;
  name: string;
  parent_id: string | null;
  rank: Generated<number>;
  note: ColumnType<unknown, string | null | undefined, string | null>;
  version: Generated<number>;
  created_at: Generated<string>;
}`);
  expect(text).toContain('  seq: GeneratedAlways<number>;');
  expect(text).toContain('  secret_keys: SecretKeysTable;');
  expect(text).not.toMatch(/audit_log_default|schema_migrations/);
});

describe('plans under row security', () => {
  const observed: ObservedQuery[] = [];

  beforeAll(async () => {
    await probe.admin.query(
      `insert into things (tenant_id, id, name)
       select t, gen_random_uuid(), 'n' || n from unnest($1::uuid[]) as t, generate_series(1, 10000) as n`,
      [[tenantA, tenantB]],
    );
    await probe.admin.query('analyze things');
    const database = probe.open({ onQuery: (query) => observed.push(query) });
    await database.tenant(tenantA).read(async (tx) => {
      await named(tx.db, 'probe.thing-by-name')
        .selectFrom('things')
        .select('id')
        .where('tenant_id', '=', tenantA)
        .where('name', '=', 'n77')
        .execute();
      await sql`select id from things where tenant_id = ${tenantA} and lower(name) = ${'n77'}`.execute(
        named(tx.db, 'probe.by-lower-name'),
      );
      await named(tx.db, 'probe.by-names')
        .selectFrom('things')
        .select('id')
        .where('tenant_id', '=', tenantA)
        .where('name', '=', sql<string>`any(${['n1', 'n"2']})`)
        .execute();
    });
  });

  const reasonsOf = async (name: string) => {
    const query = observed.find((candidate) => candidate.name === name);
    if (query === undefined) throw new Error(`${name} was not observed`);
    return (await explain(probe.appUrl, tenantA, query)).flatMap((plan) => judgePlan(plan));
  };

  test('a query on its index passes, with the custom and with the generic plan', async () => {
    expect(await reasonsOf('probe.thing-by-name')).toEqual([]);
    expect(await reasonsOf('probe.by-names')).toEqual([]);
  });

  test('a query with an operator that is not leakproof is found', async () => {
    const reasons = await reasonsOf('probe.by-lower-name');
    expect(reasons.join()).toContain('probe.by-lower-name');
  });
});

describe('data key rows', () => {
  const row = (tenantId = tenantA) => ({ tenantId, id: newId(), kekId: 'local', wrapped: Buffer.from('wrapped') });

  test('one key is active however many are inserted at once; a replaced one is retired', async () => {
    const keys = createKeyRowStore(probe.open());
    expect(await keys.activeKey(tenantA)).toBeUndefined();
    const inserted = await Promise.all([keys.insertKey(row()), keys.insertKey(row()), keys.insertKey(row())]);
    expect(new Set(inserted.map(({ id }) => id)).size).toBe(1);
    const first = inserted[0];
    expect(first).toMatchObject({ state: 'active', seals: 0, wrapped: Buffer.from('wrapped') });
    expect(first?.createdAt).toBeInstanceOf(Date);
    expect(await keys.countSeals(tenantA, first?.id ?? '', 100)).toBe(100);
    const next = await keys.insertKey(row(), { replaces: first?.id ?? '' });
    expect(next.id).not.toBe(first?.id);
    expect(await keys.getKey(tenantA, first?.id ?? '')).toMatchObject({ state: 'retired', seals: 100 });
    expect(await keys.getKey(tenantB, first?.id ?? '')).toBeUndefined();
    expect((await keys.oldestKey(tenantA))?.id).toBe(first?.id);
    await keys.destroyKeys(tenantA);
    expect(await keys.activeKey(tenantA)).toBeUndefined();
    expect(await keys.getKey(tenantA, next.id)).toMatchObject({ state: 'destroyed', wrapped: Buffer.alloc(0) });
  });

  test('may be asked for inside a transaction, even when the pool is used up', async () => {
    const database = probe.open({ poolMax: 1 });
    const keys = createKeyRowStore(database);
    const found = await database.tenant(tenantB).write(async () => keys.insertKey(row(tenantB)));
    expect(found.tenantId).toBe(tenantB);
  });
});
