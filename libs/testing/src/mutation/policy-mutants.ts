import type pg from 'pg';
import { catalogAssertions } from '@idp/database';
import { rowFindings } from '../isolation/row-access.ts';
import { findSchemas } from '../isolation/schemas.ts';
import type { IsolatedSchema, IsolatedTable } from '../isolation/schemas.ts';
import type { Finding } from '../isolation/wall.ts';
import type { Noticed } from './report.ts';

/** One hole in the row security of a schema, as a statement. */
export interface PolicyMutant {
  /** `<schema>.<table>:<policy>:<what is done>`, or without a policy where row security itself is changed. */
  name: string;
  sql: string;
  schema: IsolatedSchema;
  /** The table it is in; undefined for a partition, which nobody holds a grant on. */
  table: IsolatedTable | undefined;
}

interface Row {
  schema: string;
  table: string;
  place: string;
  sql: string;
}

/**
 * Every policy of every service's schema as `pg_policy` has it: dropped, and each of its clauses opened to all rows where it is not already.
 * Every table with row security, partitions included: row security disabled, and not forced on the owner any more.
 */
export async function policyMutants(client: pg.Client, prefix: string): Promise<PolicyMutant[]> {
  const mutants: PolicyMutant[] = [];
  for (const schema of await findSchemas(client, prefix)) {
    const { rows } = await client.query<Row>(mutantsSql, [schema.roles.schema]);
    for (const { table: name, place, sql } of rows) {
      const table = schema.tables.find((each) => each.name === name);
      mutants.push({ name: `${schema.roles.schema}.${place}`, sql, schema, table });
    }
  }
  return mutants;
}

const mutantsSql = `
  with policies as (
    select c.relname as table, format('%I on %I.%I', p.polname, n.nspname, c.relname) as policy, p.polname as name,
           pg_get_expr(p.polqual, p.polrelid) as visible, pg_get_expr(p.polwithcheck, p.polrelid) as admitted
      from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1
  ), tables as (
    select c.relname as table, format('%I.%I', n.nspname, c.relname) as qualified
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relrowsecurity
  )
  select "table", "table" || ':' || name || ':drop' as place, format('drop policy %s', policy) as sql from policies
  union all
  select "table", "table" || ':' || name || ':using', format('alter policy %s using (true)', policy) from policies where visible <> 'true'
  union all
  select "table", "table" || ':' || name || ':check', format('alter policy %s with check (true)', policy) from policies where admitted <> 'true'
  union all
  select "table", "table" || ':disable', format('alter table %s disable row level security', qualified) from tables
  union all
  select "table", "table" || ':no-force', format('alter table %s no force row level security', qualified) from tables
  order by 1, 2`;

/** What notices the hole: the assertions about the catalogue, and what the roles then do with rows. The database is as before afterwards. */
export async function huntPolicyMutant(client: pg.Client, prefix: string, mutant: PolicyMutant): Promise<Noticed[]> {
  const { schema, table } = mutant;
  return undone(client, async () => {
    await client.query(mutant.sql);
    const holes = await catalogAssertions(client, schema.service, prefix);
    const rows = table === undefined ? [] : await rowFindings(client, schema, table);
    return [
      ...holes
        .slice(0, 1)
        .map(({ rule, object, message }) => ({ by: 'catalogue', what: `${rule}: ${object} ${message}` })),
      ...rows.slice(0, 1).map((what) => ({ by: 'rows', what })),
    ];
  });
}

/** What the roles of all services reach of all tables, against what their classes say. */
export async function allRowFindings(client: pg.Client, prefix: string): Promise<Finding[]> {
  const schemas = await findSchemas(client, prefix);
  return undone(client, async () => {
    const findings: Finding[] = [];
    for (const schema of schemas) {
      for (const table of schema.tables) findings.push(...(await rowFindings(client, schema, table)));
    }
    return findings;
  });
}

async function undone<T>(client: pg.Client, fn: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    return await fn();
  } finally {
    await client.query('rollback');
  }
}
