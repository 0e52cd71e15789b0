import type pg from 'pg';
import { serviceRoles } from '@idp/database';
import type { ServiceRoles } from '@idp/database';

export interface IsolatedTable {
  name: string;
  /** `schema.table`, quoted. */
  qualified: string;
  columns: readonly string[];
  tenantColumn: boolean;
  /** Comment of the table: `class: tenant`, `class: platform` or `class: global: …`. */
  class: string;
}

/** The schema of one service as it is found in a database. */
export interface IsolatedSchema {
  service: string;
  roles: ServiceRoles;
  tables: readonly IsolatedTable[];
}

interface Row {
  schema: string;
  name: string;
  qualified: string;
  columns: string[];
  class: string | null;
  has_app: boolean;
}

/** The schema of every service: it belongs to an owner role of this prefix and has an app role that signs in. Nothing is listed by hand. */
export async function findSchemas(client: pg.Client, prefix: string): Promise<readonly IsolatedSchema[]> {
  return (await ownedSchemas(client, prefix)).filter(({ hasApp }) => hasApp);
}

/** Schemas without an app role, the bus: services reach them through functions only. */
export async function findSharedSchemas(client: pg.Client, prefix: string): Promise<readonly IsolatedSchema[]> {
  return (await ownedSchemas(client, prefix)).filter(({ hasApp }) => !hasApp);
}

/** With every table that is no partition. */
async function ownedSchemas(client: pg.Client, prefix: string): Promise<(IsolatedSchema & { hasApp: boolean })[]> {
  const { rows } = await client.query<Row>(
    `select n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as qualified,
            obj_description(c.oid, 'pg_class') as class,
            exists (select from pg_roles a where a.rolname = $1 || n.nspname || '_app' and a.rolcanlogin) as has_app,
            array(select a.attname::text from pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
       from pg_namespace n
       join pg_roles o on o.oid = n.nspowner
       join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p') and not c.relispartition
      where starts_with(o.rolname, $1) and o.rolname = $1 || n.nspname || '_owner'
      order by 1, 2`,
    [prefix],
  );
  const schemas = new Map<string, { hasApp: boolean; tables: IsolatedTable[] }>();
  for (const { schema, name, qualified, columns, class: comment, has_app: hasApp } of rows) {
    const tables = schemas.get(schema)?.tables ?? [];
    tables.push({ name, qualified, columns, tenantColumn: columns.includes('tenant_id'), class: comment ?? '' });
    schemas.set(schema, { hasApp, tables });
  }
  return [...schemas].map(([schema, { hasApp, tables }]) => {
    const service = schema.replaceAll('_', '-');
    return { service, roles: serviceRoles(service, prefix), tables, hasApp };
  });
}
