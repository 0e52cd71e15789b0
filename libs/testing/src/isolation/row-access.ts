import pg from 'pg';
import type { IsolatedSchema, IsolatedTable } from './schemas.ts';
import { sqlStateOf } from './sql.ts';
import type { Finding } from './wall.ts';

/** Which rows of a table a role has to reach: those of its tenant, all under the global context, all at any time, or none. */
type Reach = 'tenant' | 'global' | 'all' | 'none';

interface Context {
  name: string;
  tenantId: string;
  global: boolean;
}

interface ColumnFact {
  name: string;
  type: string;
  /** Has to be given when a row is written. */
  required: boolean;
  /** May be set to a value of one's own. */
  settable: boolean;
}

interface Probe {
  client: pg.Client;
  table: IsolatedTable;
  role: string;
  /** One row of each of three tenants; three of nobody where the table has no tenants. */
  rows: readonly string[];
  insertable: readonly string[];
  updatable: string | undefined;
  may: Readonly<Record<'select' | 'delete' | 'move', boolean>>;
}

const own = '0192a3b4-5c6d-7e8f-9a0b-00000000000a';
const tenants = [own, '0192a3b4-5c6d-7e8f-9a0b-00000000000b', '0192a3b4-5c6d-7e8f-9a0b-00000000000c'];
const contexts: readonly Context[] = [
  { name: 'without a context', tenantId: '', global: false },
  { name: 'in its tenant', tenantId: own, global: false },
  { name: 'in the global context', tenantId: '', global: true },
];

/**
 * What each role of a service reaches of one table, against what the class of the table says (data.md §2.1): it reads, changes, deletes and
 * adds rows of one tenant and of another in every context. Too little is a finding as well as too much. Has to be called in a transaction of
 * a superuser that is rolled back: it fills the table without its checks, triggers and foreign keys.
 */
export async function rowFindings(
  client: pg.Client,
  { roles }: Pick<IsolatedSchema, 'roles'>,
  table: IsolatedTable,
): Promise<Finding[]> {
  const columns = await writableColumns(client, table);
  await client.query('savepoint table_probe');
  const rows = await fill(client, table, columns);
  const findings: Finding[] = [];
  for (const role of [roles.app, roles.relay, roles.search, roles.owner]) {
    const reach = reachOf(role, roles, table);
    const probe = await probeOf({ client, table, role, rows, columns });
    for (const context of contexts) findings.push(...(await tryAll(probe, context, reach)));
  }
  await client.query('rollback to savepoint table_probe');
  return findings;
}

function reachOf(role: string, roles: IsolatedSchema['roles'], table: IsolatedTable): Reach {
  if (role === roles.owner) return table.name === 'schema_migrations' ? 'all' : 'none';
  if (role === roles.search) return 'all';
  if (role === roles.relay) return table.class === 'class: platform' ? 'all' : 'none';
  if (table.class.startsWith('class: global')) return 'global';
  return table.tenantColumn ? 'tenant' : 'all';
}

function rowsReached(reach: Reach, { tenantId, global }: Context): number {
  if (reach === 'all' || (reach === 'global' && global)) return 3;
  return reach === 'tenant' && tenantId === own ? 1 : 0;
}

async function tryAll(probe: Probe, context: Context, reach: Reach): Promise<Finding[]> {
  const { role, table, may, updatable, insertable, rows } = probe;
  const { qualified } = table;
  const reached = rowsReached(reach, context);
  const findings: Finding[] = [];
  const counts: readonly (readonly [verb: string, sql: string | undefined])[] = [
    ['sees', may.select ? `select 1 from ${qualified}` : undefined],
    ['changes', updatable === undefined ? undefined : `update ${qualified} set ${updatable} = ${updatable}`],
    ['deletes', may.delete ? `delete from ${qualified}` : undefined],
  ];
  for (const [verb, sql] of counts) {
    if (sql === undefined) continue;
    const count = await attempted(probe, context, sql);
    if (count !== reached)
      findings.push(`${role} ${context.name} ${verb} ${count} rows of ${qualified}, not ${reached}`);
  }
  if (may.move && reach === 'tenant' && reached > 0) {
    const moved = await attempted(probe, context, `update ${qualified} set tenant_id = '${tenants[1]}'`);
    if (moved !== refused) findings.push(`${role} ${context.name} gives rows of ${qualified} to another tenant`);
  }
  if (insertable.length === 0) return findings;
  const names = insertable.join(', ');
  const copy = `insert into ${qualified} (${names}) overriding system value select ${names} from jsonb_populate_record(null::${qualified}, $1)`;
  for (const [index, whose] of [
    [0, 'its own'],
    [1, 'a foreign'],
  ] as const) {
    const isAdmitted = (await attempted(probe, context, copy, [rows[index]])) !== refused;
    const isOwn = index === 0 || reach !== 'tenant';
    if (isAdmitted === (reached > 0 && isOwn)) continue;
    findings.push(`${role} ${context.name} ${isAdmitted ? 'adds' : 'cannot add'} ${whose} row to ${qualified}`);
  }
  return findings;
}

/** `insufficient_privilege`: no grant, or a row the policy does not let in. */
const refused = '42501';

/** Number of rows, or the SQLSTATE. */
async function attempted(
  { client, role }: Probe,
  { tenantId, global }: Context,
  sql: string,
  values: unknown[] = [],
): Promise<number | string> {
  await client.query('savepoint attempt');
  await client.query(
    `set local role ${pg.escapeIdentifier(role)}; set local app.tenant_id = '${tenantId}'; set local app.global = '${global ? 'on' : ''}'`,
  );
  let count = 0;
  const state = await sqlStateOf(client.query(sql, values).then(({ rowCount }) => (count = rowCount ?? 0)));
  await client.query('rollback to savepoint attempt');
  return state === 'none' ? count : state;
}

async function writableColumns(client: pg.Client, { qualified }: IsolatedTable): Promise<ColumnFact[]> {
  const { rows } = await client.query<ColumnFact>(
    `select quote_ident(attname) as name, atttypid::regtype::text as type,
            attname = 'tenant_id' or (attnotnull and not atthasdef and attidentity = '') as required, attidentity <> 'a' as settable
       from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [qualified],
  );
  return rows;
}

async function probeOf({
  columns,
  ...probe
}: Pick<Probe, 'client' | 'table' | 'role' | 'rows'> & { columns: readonly ColumnFact[] }): Promise<Probe> {
  const names = columns.map(({ name }) => name);
  const settable = columns.filter((column) => column.settable).map(({ name }) => name);
  const mayWrite = (privilege: string) =>
    `has_column_privilege($1, $2::regclass, (parse_ident(name, false))[1], '${privilege}')`;
  const { rows } = await probe.client.query<Pick<Probe, 'insertable' | 'updatable'> & Probe['may']>(
    `select has_any_column_privilege($1, $2::regclass, 'SELECT') as select, has_table_privilege($1, $2::regclass, 'DELETE') as delete,
            array(select name from unnest($3::text[]) name where ${mayWrite('INSERT')}) as insertable,
            (select name from unnest($4::text[]) name where ${mayWrite('UPDATE')} limit 1) as updatable,
            exists (select from unnest($4::text[]) name where name = 'tenant_id' and ${mayWrite('UPDATE')}) as move`,
    [probe.role, probe.table.qualified, names, settable],
  );
  const { select, delete: deletes, move, insertable, updatable } = rows[0]!;
  return { ...probe, insertable, updatable: updatable ?? undefined, may: { select, delete: deletes, move } };
}

/** The rows as JSON, in the order they were written. */
async function fill(client: pg.Client, table: IsolatedTable, columns: readonly ColumnFact[]): Promise<string[]> {
  const { qualified } = table;
  await client.query('set local session_replication_role = replica');
  await client.query(`delete from ${qualified}`);
  await openToAnyRow(client, qualified);
  const given = columns.filter((column) => column.required);
  const names = given.map(({ name }) => name).join(', ');
  const written: string[] = [];
  for (const [index, tenantId] of tenants.entries()) {
    const values = given.map(({ name, type }) => (name === 'tenant_id' ? `'${tenantId}'` : plainValue(type, index)));
    const insert = given.length === 0 ? 'default values' : `(${names}) values (${values.join(', ')})`;
    const { rows } = await client.query<{ row: string }>(
      `insert into ${qualified} as t ${insert} returning to_jsonb(t)::text as row`,
    );
    written.push(rows[0]!.row);
  }
  return written;
}

/** Takes the checks of a table away; a partitioned one gets a partition for what no other takes. */
async function openToAnyRow(client: pg.Client, qualified: string): Promise<void> {
  const { rows } = await client.query<{ sql: string }>(
    `select format('alter table %s drop constraint %I', $1::text, conname) as sql from pg_constraint
      where conrelid = $1::regclass and contype = 'c' and coninhcount = 0
     union all
     select format('create table %I.probe_default partition of %s default', relnamespace::regnamespace, $1::text)
       from pg_class join pg_partitioned_table on partrelid = pg_class.oid where pg_class.oid = $1::regclass and partdefid = 0`,
    [qualified],
  );
  for (const { sql } of rows) await client.query(sql);
}

function plainValue(type: string, index: number): string {
  if (type === 'uuid') return 'gen_random_uuid()';
  if (type === 'boolean') return 'true';
  if (type === 'jsonb' || type === 'json') return `'{}'`;
  if (type === 'bytea') return `decode('0${index}', 'hex')`;
  if (type.startsWith('timestamp') || type === 'date') return `now() + interval '${index} seconds'`;
  if (type.endsWith('[]')) return `'{}'`;
  return /int|numeric|double/.test(type) ? `${index + 1}` : `'a${index}'`;
}
