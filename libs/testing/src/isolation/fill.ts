import pg from 'pg';
import { findSchemas } from './schemas.ts';
import { sqlStateOf, withConnection } from './sql.ts';
import type { WallOptions } from './wall.ts';

interface ColumnFact {
  name: string;
  type: string;
  generated: boolean;
}

/**
 * Puts one row of a tenant into every table that takes one, as a superuser and without foreign keys and triggers: enough to see whether
 * another tenant reaches it. Tables whose checks no plain value satisfies stay empty. Returns the tables filled.
 */
export async function fillTables({ adminUrl, prefix }: WallOptions, tenantId: string): Promise<string[]> {
  return withConnection(adminUrl, async (client) => {
    const filled: string[] = [];
    for (const { tables } of await findSchemas(client, prefix)) {
      for (const { qualified, tenantColumn } of tables) {
        if (tenantColumn && (await fill(client, qualified, tenantId))) filled.push(qualified);
      }
    }
    return filled;
  });
}

async function fill(client: pg.Client, qualified: string, tenantId: string): Promise<boolean> {
  const { rows } = await client.query<ColumnFact>(
    `select attname as name, atttypid::regtype::text as type, (attgenerated <> '' or attidentity = 'a') as generated
       from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped
        and (attnotnull or attname = 'tenant_id') and (not atthasdef or attname = 'tenant_id') order by attnum`,
    [qualified],
  );
  const columns = rows.filter((column) => !column.generated);
  const names = columns.map((column) => pg.escapeIdentifier(column.name)).join(', ');
  for (const variant of [0, 1, 2]) {
    const values = columns.map((column) =>
      column.name === 'tenant_id' ? `'${tenantId}'` : plainValue(column.type, variant),
    );
    await client.query('begin');
    await client.query('set local session_replication_role = replica');
    const state = await sqlStateOf(client.query(`insert into ${qualified} (${names}) values (${values.join(', ')})`));
    await client.query(state === 'none' ? 'commit' : 'rollback');
    if (state === 'none') return true;
  }
  return false;
}

/** Values that common checks take, one list of them after the other. */
function plainValue(type: string, variant: number): string {
  if (type === 'uuid') return 'gen_random_uuid()';
  if (type === 'boolean') return 'true';
  if (type === 'jsonb' || type === 'json') return `'{}'`;
  if (type === 'bytea') return `decode(repeat('ab', 32), 'hex')`;
  if (type.startsWith('timestamp') || type === 'date') return 'now()';
  if (type.endsWith('[]')) return `'{}'`;
  if (/int|numeric|double/.test(type)) return ['1', '0', '200'][variant] ?? '1';
  return [`'active'`, `'a'`, `'succeeded'`][variant] ?? `'a'`;
}
