import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databaseMigrations } from '../migrations/own.ts';
import { formatFinding, lintMigrations } from './lint-migrations.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lint-'));
});
afterEach(() => rm(folder, { recursive: true }));

const good = `create table things (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  parent_id uuid,
  primary key (tenant_id, id),
  foreign key (tenant_id, parent_id) references things (tenant_id, id)
);
comment on table things is 'class: tenant';
create unique index things_name on things (tenant_id, name);
alter table things enable row level security;
alter table things force row level security;
create policy tenant on things to {{app}}
  using (tenant_id = (select ctx_tenant())) with check (tenant_id = (select ctx_tenant()));
grant select, insert on things to {{app}};
`;

async function lint(sql: string) {
  await writeFile(join(folder, '0001_things.sql'), sql);
  return lintMigrations([databaseMigrations, { component: 'test', directory: pathToFileURL(`${folder}/`) }]);
}

test('a table in canonical form passes, and so do our own migrations', async () => {
  expect(await lint(good)).toEqual([]);
});

test.each([
  ['class', `comment on table things is 'class: tenant';`, ''],
  ['class', `'class: tenant'`, `'class: whatever'`],
  ['class', `'class: tenant'`, `'class: global: '`],
  ['policy', 'alter table things enable row level security;', ''],
  ['policy', 'alter table things force row level security;', ''],
  ['policy', / with check \(.*\)\)/, ''],
  ['policy', '(select ctx_tenant())', 'ctx_tenant()'],
  ['policy', 'to {{app}}\n', '\n'],
  ['policy', 'to {{app}}\n', 'to {{relay}}\n'],
  ['grants', 'grant select, insert on things to {{app}};', ''],
  ['grants', 'select, insert on', 'truncate on'],
  ['grants', 'select, insert on', 'all on'],
  ['tenant key', '(tenant_id, name)', '(name)'],
  ['tenant key', '(tenant_id, name)', '(lower(name))'],
  ['tenant key', '(tenant_id, name)', '(name, tenant_id)'],
  ['tenant key', 'primary key (tenant_id, id)', 'primary key (id)'],
  ['tenant key', '  id uuid not null,', '  id uuid not null unique,'],
  ['tenant key', 'foreign key (tenant_id, parent_id) references things (tenant_id, id)', 'unique (parent_id)'],
  [
    'tenant key',
    'foreign key (tenant_id, parent_id) references things (tenant_id, id)',
    'foreign key (parent_id) references things (id)',
  ],
  ['tenant key', 'grant select', 'alter table things add constraint u unique (name);\ngrant select'],
  ['tenant key', 'grant select', 'alter table things add column other uuid references things (id);\ngrant select'],
] as const)('finds a mistake in %s (%#)', async (rule, from, to) => {
  const broken = good.replace(from, to);
  expect(broken).not.toBe(good);
  const findings = await lint(broken);
  expect(findings.map((finding) => finding.rule)).toContain(rule);
  expect(findings.every((finding) => finding.table === 'things' && finding.file === '0001_things.sql')).toBe(true);
});

test('partitions need row security and no grants', async () => {
  const partitioned = `${good.replace('\n);', '\n) partition by list (tenant_id);')}
create table things_default partition of things default;
grant select on things_default to {{app}};`;
  expect((await lint(partitioned)).map(({ table, rule }) => `${table} ${rule}`)).toEqual([
    'things_default policy',
    'things_default grants',
  ]);
});

test('a finding names file and line; text that does not parse names its file', async () => {
  const [finding] = await lint(good.replace('(tenant_id, name)', '(name)'));
  expect(finding && formatFinding(finding)).toMatch(
    /^test\/0001_things\.sql:10: things: unique index \(name\) must start/,
  );
  await expect(lint('create tabel x ()')).rejects.toThrow(/^test\/0001_things\.sql: syntax error/);
});
