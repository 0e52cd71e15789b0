import { findSchemas } from './schemas.ts';
import { withConnection } from './sql.ts';
import type { WallOptions } from './wall.ts';

/** Table → number of rows of a tenant and a hash over all their values, as a superuser reads them. */
export type TenantRows = ReadonlyMap<string, string>;

/** Tables that a mere read, a refusal or the clock may touch: they hold what happened and what is due, not what a tenant owns. */
const bookkeeping =
  /\.(audit_(log|arrivals|chain|heads|checkpoints)|outbox|inbox\w*|idempotency_keys|login_attempts|schedules|jobs)$/;

/** Everything a tenant has in every schema, to compare before and after. */
export async function tenantRows({ adminUrl, prefix }: WallOptions, tenantId: string): Promise<TenantRows> {
  return withConnection(adminUrl, async (client) => {
    const rows = new Map<string, string>();
    for (const { tables } of await findSchemas(client, prefix)) {
      for (const { qualified } of tables.filter((table) => table.tenantColumn && !bookkeeping.test(table.qualified))) {
        const { rows: found } = await client.query<{ hash: string }>(
          `select count(*) || ':' || coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') as hash
             from ${qualified} t where tenant_id = $1`,
          [tenantId],
        );
        rows.set(qualified, found[0]?.hash ?? '');
      }
    }
    return rows;
  });
}

/** Names of the tables in which two snapshots differ. */
export function changedTables(before: TenantRows, after: TenantRows): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((table) => before.get(table) !== after.get(table));
}

/**
 * Tables where rows of one tenant hold a text of another: answers, events and audit rows of B must not carry what A wrote. Bytes are looked
 * through as well (events are encoded).
 */
export async function tablesHolding(
  { adminUrl, prefix }: WallOptions,
  tenantId: string,
  text: string,
): Promise<string[]> {
  return withConnection(adminUrl, async (client) => {
    const found: string[] = [];
    for (const { tables } of await findSchemas(client, prefix)) {
      for (const { qualified, columns, tenantColumn } of tables) {
        if (!tenantColumn) continue;
        const { rows } = await client.query<{ hit: boolean }>(
          `select exists (select from ${qualified} t where tenant_id = $1
              and (position($2 in t::text) > 0 or position(encode($2::bytea, 'hex') in t::text) > 0)) as hit`,
          [tenantId, text],
        );
        if (rows[0]?.hit === true) found.push(`${qualified} (${columns.length} columns)`);
      }
    }
    return found;
  });
}
