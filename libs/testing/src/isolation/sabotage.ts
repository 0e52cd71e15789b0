import pg from 'pg';
import { withConnection } from './sql.ts';

interface TenantIndex {
  index: string;
  definition: string;
  constraint: string | null;
  qualified: string;
}

/** Removes one policy of the app role from a table, so that row security shows nothing at all. Returns what was done. */
export async function dropPolicy(adminUrl: string, qualified: string): Promise<string> {
  return withConnection(adminUrl, async (client) => {
    const name = await tenantPolicy(client, qualified);
    await client.query(`drop policy ${pg.escapeIdentifier(name)} on ${qualified}`);
    return `dropped policy ${name} of ${qualified}`;
  });
}

/** Opens the policy of a table to every tenant. */
export async function openPolicy(adminUrl: string, qualified: string): Promise<string> {
  return withConnection(adminUrl, async (client) => {
    const name = await tenantPolicy(client, qualified);
    await client.query(`alter policy ${pg.escapeIdentifier(name)} on ${qualified} using (true) with check (true)`);
    return `opened policy ${name} of ${qualified}`;
  });
}

export async function disableRowSecurity(adminUrl: string, qualified: string): Promise<string> {
  await withConnection(adminUrl, (client) => client.query(`alter table ${qualified} disable row level security`));
  return `disabled row security of ${qualified}`;
}

/** Rebuilds one unique index of a table, not its primary key, without `tenant_id`. Throws where there is none. */
export async function dropTenantFromIndex(adminUrl: string, qualified: string): Promise<string> {
  return withConnection(adminUrl, async (client) => {
    const found = await uniqueIndex(client, qualified);
    if (found.constraint === null) await client.query(`drop index ${found.index}`);
    else await client.query(`alter table ${qualified} drop constraint ${pg.escapeIdentifier(found.constraint)}`);
    await client.query(found.definition.replace(/\(tenant_id, /, '('));
    return `took tenant_id out of ${found.index}`;
  });
}

/** Tables with rows of tenants that have a unique index beside the primary key which starts with `tenant_id`. */
export async function tablesWithTenantIndex(adminUrl: string): Promise<string[]> {
  return withConnection(adminUrl, async (client) => {
    const { rows } = await client.query<TenantIndex>(tenantIndexes);
    return [...new Set(rows.map((row) => row.qualified))].toSorted();
  });
}

const tenantIndexes = `
  select format('%I.%I', n.nspname, i.relname) as index, format('%I.%I', n.nspname, t.relname) as qualified,
         pg_get_indexdef(i.oid) as definition, c.conname as constraint
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    join pg_class t on t.oid = x.indrelid and not t.relispartition and t.relkind = 'r'
    join pg_namespace n on n.oid = t.relnamespace
    left join pg_constraint c on c.conindid = i.oid and c.contype = 'u'
   where obj_description(t.oid, 'pg_class') in ('class: tenant', 'class: platform') and x.indisunique and not x.indisprimary and pg_get_indexdef(i.oid) like '%(tenant_id, %'
     and not exists (select from pg_constraint f where f.conindid = i.oid and f.contype = 'f')
   order by 1`;

async function uniqueIndex(client: pg.Client, qualified: string): Promise<TenantIndex> {
  const { rows } = await client.query<TenantIndex>(tenantIndexes);
  const found = rows.find((row) => row.qualified === qualified);
  if (found === undefined) throw new Error(`${qualified} has no unique index to break`);
  return found;
}

/** Those of the tables that belong to tenants; others name one without being behind the wall. */
export async function tablesOfTenants(adminUrl: string, tables: readonly string[]): Promise<string[]> {
  return withConnection(adminUrl, async (client) => {
    const { rows } = await client.query<{ qualified: string }>(
      `select qualified from unnest($1::text[]) as qualified
        where obj_description(qualified::regclass, 'pg_class') = 'class: tenant'`,
      [tables],
    );
    return rows.map(({ qualified }) => qualified);
  });
}

async function tenantPolicy(client: pg.Client, qualified: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select polname as name from pg_policy where polrelid = $1::regclass and pg_get_expr(polqual, polrelid) like '%ctx_tenant%' limit 1`,
    [qualified],
  );
  const [first] = rows;
  if (first === undefined) throw new Error(`${qualified} has no tenant policy`);
  return first.name;
}
