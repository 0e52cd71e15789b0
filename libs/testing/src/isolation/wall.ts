import type pg from 'pg';
import { catalogAssertions } from '@idp/database';
import { findSchemas, findSharedSchemas } from './schemas.ts';
import type { IsolatedSchema, IsolatedTable } from './schemas.ts';
import { attempt, sqlStateOf, withConnection } from './sql.ts';

/** A hole in the tenant wall, in words. */
export type Finding = string;

export interface WallOptions {
  /** Superuser on the database under test. */
  adminUrl: string;
  prefix: string;
}

/** Item 1 of the suite: what `pg_catalog` says about every schema. */
export async function catalogFindings({ adminUrl, prefix }: WallOptions): Promise<Finding[]> {
  return withConnection(adminUrl, async (client) => {
    const findings: Finding[] = [];
    for (const { service } of await findSchemas(client, prefix)) {
      for (const { rule, object, message } of await catalogAssertions(client, service, prefix)) {
        findings.push(`${service}: ${rule}: ${object} ${message}`);
      }
    }
    return findings;
  });
}

/** `insufficient_privilege`: no grant, or a row the policy does not let in. */
const refused = '42501';

/** Item 3: without a context the app and search roles see no row of any table, their own schema or another's, and add none. */
export async function contextFindings({ adminUrl, prefix }: WallOptions): Promise<Finding[]> {
  return withConnection(adminUrl, async (client) => {
    const [schemas, shared] = [await findSchemas(client, prefix), await findSharedSchemas(client, prefix)];
    const findings: Finding[] = [];
    for (const { service, roles, tables } of schemas) {
      for (const table of tables.filter(holdsData)) findings.push(...(await withoutContext(client, roles.app, table)));
      for (const other of [...schemas.filter((each) => each.service !== service), ...shared]) {
        findings.push(...(await foreignSchema(client, roles.app, other)));
      }
    }
    return findings;
  });
}

/** Platform tables without a tenant hold the state of the schema itself, such as its migrations: the app role may read that. */
function holdsData(table: IsolatedTable): boolean {
  return table.tenantColumn || table.class !== 'class: platform';
}

async function withoutContext(client: pg.Client, role: string, table: IsolatedTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  const seen = await attempt(client, { role }, async () =>
    countOrRefusal(client, `select count(*)::int as count from ${table.qualified}`),
  );
  if (seen !== refused && seen !== 0)
    findings.push(`${role} sees ${seen} rows of ${table.qualified} without a context`);
  const added = await attempt(client, { role }, () =>
    sqlStateOf(client.query(`insert into ${table.qualified} default values`)),
  );
  if (added === 'none') findings.push(`${role} adds a row to ${table.qualified} without a context`);
  return findings;
}

async function foreignSchema(client: pg.Client, role: string, other: IsolatedSchema): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { qualified } of other.tables) {
    const state = await attempt(client, { role }, () => sqlStateOf(client.query(`select 1 from ${qualified} limit 1`)));
    if (state !== refused) findings.push(`${role} reads ${qualified} of ${other.service}`);
  }
  return findings;
}

/** Rows of one tenant as another sees them, on the database itself: none is read, changed, deleted or added. */
export async function crossTenantFindings(
  { adminUrl, prefix }: WallOptions,
  tenants: { owner: string; intruder: string },
): Promise<Finding[]> {
  return withConnection(adminUrl, async (client) => {
    const findings: Finding[] = [];
    for (const { roles, tables } of await findSchemas(client, prefix)) {
      for (const table of tables.filter((each) => each.tenantColumn)) {
        findings.push(...(await crossTenant(client, roles.app, table, tenants)));
      }
    }
    return findings;
  });
}

async function crossTenant(
  client: pg.Client,
  role: string,
  table: IsolatedTable,
  tenants: { owner: string; intruder: string },
): Promise<Finding[]> {
  const as = { role, tenantId: tenants.intruder };
  const { qualified } = table;
  const foreign = 'where tenant_id = $1';
  const statements: readonly (readonly [what: string, sql: string])[] = [
    ['sees', `select count(*)::int as count from ${qualified} ${foreign}`],
    [
      'changes',
      `with hit as (update ${qualified} set tenant_id = tenant_id ${foreign} returning 1) select count(*)::int as count from hit`,
    ],
    ['deletes', `with hit as (delete from ${qualified} ${foreign} returning 1) select count(*)::int as count from hit`],
  ];
  const findings: Finding[] = [];
  for (const [what, sql] of statements) {
    const count = await attempt(client, as, () => countOrRefusal(client, sql, [tenants.owner]));
    if (count !== refused && count !== 0)
      findings.push(`${role} of another tenant ${what} ${count} rows of ${qualified}`);
  }
  const { rows } = await client.query<{ row: unknown }>(
    `select to_jsonb(t) as row from ${qualified} t ${foreign} limit 1`,
    [tenants.owner],
  );
  const [first] = rows;
  if (first === undefined) return findings;
  const copy = `insert into ${qualified} overriding system value select * from jsonb_populate_record(null::${qualified}, $1)`;
  const state = await attempt(client, as, () => sqlStateOf(client.query(copy, [JSON.stringify(first.row)])));
  if (!addingIsRefused(state)) findings.push(`${role} of another tenant adds a row to ${qualified} (${state})`);
  return findings;
}

/** Generated columns refuse a copy before any policy is asked. */
function addingIsRefused(state: string): boolean {
  return state === refused || state === '428C9';
}

async function countOrRefusal(
  client: pg.Client,
  sql: string,
  values: unknown[] = [],
): Promise<number | typeof refused> {
  try {
    const { rows } = await client.query<{ count: number }>(sql, values);
    return rows[0]?.count ?? 0;
  } catch (error) {
    if ((error as { code?: string }).code === refused) return refused;
    throw error;
  }
}
