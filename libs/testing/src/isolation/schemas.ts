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
}

/** Every schema that belongs to an owner role of this prefix, with every table that is no partition. Nothing is listed by hand. */
export async function findSchemas(client: pg.Client, prefix: string): Promise<readonly IsolatedSchema[]> {
  const { rows } = await client.query<Row>(
    `select n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as qualified,
            obj_description(c.oid, 'pg_class') as class,
            array(select a.attname::text from pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
       from pg_namespace n
       join pg_roles o on o.oid = n.nspowner
       join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p') and not c.relispartition
      where starts_with(o.rolname, $1) and o.rolname = $1 || n.nspname || '_owner'
      order by 1, 2`,
    [prefix],
  );
  const schemas = new Map<string, IsolatedTable[]>();
  for (const { schema, name, qualified, columns, class: comment } of rows) {
    const tables = schemas.get(schema) ?? [];
    tables.push({ name, qualified, columns, tenantColumn: columns.includes('tenant_id'), class: comment ?? '' });
    schemas.set(schema, tables);
  }
  return [...schemas].map(([schema, tables]) => {
    const service = schema.replaceAll('_', '-');
    return { service, roles: serviceRoles(service, prefix), tables };
  });
}
