import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { emptyDatabase, type EmptyDatabase } from '@idp/testing';
import { UnavailableError } from '@idp/errors';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  bootstrapRoles,
  createDatabase,
  databaseMigrations,
  migrate,
  MigrationError,
  serviceRoles,
} from '../src/index.ts';
import { createTelemetry } from '@idp/telemetry';
import { passwordOf, urlWith } from './probe.ts';

const service = 'moves';
let server: EmptyDatabase;
let folder: string;

beforeEach(async () => {
  server = await emptyDatabase();
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  await bootstrapRoles({
    adminUrl: server.adminUrl,
    services: [service],
    prefix: server.prefix,
    passwords: passwordOf,
  });
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await server[Symbol.asyncDispose]();
});

const write = (file: string, sql: string) => writeFile(join(folder, file), sql);
const own = () => ({ component: service, directory: pathToFileURL(`${folder}/`) });
const run = () =>
  migrate({ url: server.adminUrl, service, prefix: server.prefix, sources: [databaseMigrations, own()] });

async function query<T extends object>(text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: server.adminUrl, options: `-c search_path=${service}` });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

function table(name: string): string {
  return `create table ${name} (tenant_id uuid not null default ctx_tenant(), id uuid not null, primary key (tenant_id, id));
comment on table ${name} is 'class: tenant';
grant select on ${name} to {{app}};`;
}

test('applies what is missing, in order, as the owner role, and nothing twice', async () => {
  await write('0001_one.sql', table('one'));
  expect((await run()).applied.at(-1)).toMatchObject({ component: service, version: 1, name: 'one' });
  await write('0002_two.sql', table('two'));
  expect((await run()).applied).toMatchObject([{ component: service, version: 2, name: 'two' }]);
  expect((await run()).applied).toEqual([]);
  const owner = serviceRoles(service, server.prefix).owner;
  expect(await query(`select tableowner from pg_tables where tablename in ('one', 'two')`)).toEqual([
    { tableowner: owner },
    { tableowner: owner },
  ]);
});

test('a failing migration leaves nothing behind and says where it failed', async () => {
  await write('0001_broken.sql', `${table('kept')}\nselect 1;\ncreate tabel broken ();`);
  await expect(run()).rejects.toThrow(/^moves\/0001_broken\.sql: syntax error .* at line 5 \[42601\]/);
  expect(await query(`select to_regclass('kept') as kept`)).toEqual([{ kept: null }]);
  await write('0001_broken.sql', table('kept'));
  expect((await run()).applied).toHaveLength(1);
});

test('a changed file, a gap, an unknown later version and a strange name are refused', async () => {
  await write('0001_one.sql', table('one'));
  await write('0002_two.sql', table('two'));
  await run();
  await write('0001_one.sql', `${table('one')}\n-- changed`);
  await expect(run()).rejects.toThrow('0001_one.sql was changed after it was applied');
  await write('0001_one.sql', table('one'));
  await rm(join(folder, '0002_two.sql'));
  await expect(run()).rejects.toThrow('at version 2 (two), which this release does not know');
  await write('0003_three.sql', table('three'));
  await expect(run()).rejects.toThrow('expected number 2');
  await rm(join(folder, '0003_three.sql'));
  await write('2_two.sql', table('two'));
  await expect(run()).rejects.toThrow('must be NNNN_name.sql');
});

test('an unknown placeholder is refused', async () => {
  await write('0001_one.sql', 'grant select on x to {{nobody}};');
  await expect(run()).rejects.toThrow(MigrationError);
});

test('two runners at once: one works, both end well', async () => {
  for (let n = 1; n <= 5; n += 1) await write(`000${n}_t${n}.sql`, table(`t${n}`));
  const results = await Promise.all([run(), run(), run()]);
  const applied = results.map((result) => result.applied.length);
  expect(applied.filter((count) => count > 0)).toHaveLength(1);
  expect(await query(`select from schema_migrations where component = '${service}'`)).toHaveLength(5);
});

test('a runner that dies half-way is resumed by the next', async () => {
  await write('0001_one.sql', table('one'));
  await write('0002_slow.sql', `${table('slow')}\nselect pg_sleep(60);`);
  const dying = run().catch((error: unknown) => error);
  await expect
    .poll(() =>
      query<{ pid: number }>(
        `select pid from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
      ),
    )
    .toHaveLength(1);
  await query(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
  );
  expect(await dying).toBeInstanceOf(MigrationError);
  await write('0002_slow.sql', table('slow'));
  expect((await run()).applied).toMatchObject([{ name: 'slow' }]);
});

test('a file that begins with "-- no-transaction" runs outside of one', async () => {
  await write('0001_one.sql', table('one'));
  await write(
    '0002_index.sql',
    '-- no-transaction\ncreate index concurrently if not exists one_id on one (tenant_id, id);',
  );
  expect((await run()).applied.at(-1)).toMatchObject({ name: 'index' });
});

test('a service is ready when its schema is at its version or beyond, and not before', async () => {
  await write('0001_one.sql', table('one'));
  await run();
  const { metrics, logger } = createTelemetry({ service, version: 'test', level: 'fatal' });
  const open = () =>
    createDatabase({
      service,
      url: urlWith(server.adminUrl, serviceRoles(service, server.prefix).app),
      cursorKey: Buffer.alloc(32),
      sources: [databaseMigrations, own()],
      metrics,
      logger,
      environment: 'test',
    });
  await using first = open();
  await first.ready();
  await write('0002_two.sql', table('two'));
  await using second = open();
  await expect(second.ready()).rejects.toThrow(UnavailableError);
  await run();
  await second.ready();
  await first.ready();
});
