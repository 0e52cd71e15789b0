import { CompiledQuery, sql } from 'kysely';
import type { Database } from '../contract.ts';
import { platformDoor } from '../database.ts';
import { named } from '../transaction/bound-kysely.ts';
import { erasableSql, erasingOrder, type ErasableTable } from './plan.ts';

export interface EraseOptions {
  /** Tables whose rows stay. Rows to be relayed (`outbox`) and append-only tables, from which no role may delete, always do. */
  keep?: readonly string[];
  /** The service keeps global tables with a tenant: their rows of the tenant go too. */
  global?: boolean;
  signal: AbortSignal;
  /** Rows of one transaction; default 5,000. */
  chunkRows?: number;
}

const unaudited = 'erasing a tenant is audited once, when it is over';

/**
 * Deletes a tenant's rows from the tables of the service, found in the catalogue, in the order of their foreign keys and in chunks: whoever
 * dies on the way begins again. Resolves with the rows this run has deleted, by table. Throws for a ring of foreign keys.
 */
export async function eraseTenant<DB>(
  database: Database<DB>,
  tenantId: string,
  { keep = [], global = false, signal, chunkRows = 5_000 }: EraseOptions,
): Promise<Record<string, number>> {
  const kept = new Set([...keep, 'outbox']);
  const byApp = await tablesOfApp(database, tenantId);
  const byRelay = await tablesOfRelay(database);
  const erased: Record<string, number> = {};
  for (const table of erasingOrder(byApp)) {
    const relay = !table.app && byRelay.has(table.name);
    if (kept.has(table.name) || !(table.app || relay)) continue;
    // Rows that refer to rows of their own table go in one statement: it is judged at its end.
    const limit = table.references.includes(table.name) ? undefined : chunkRows;
    let rows = 0;
    let gone: number;
    do {
      signal.throwIfAborted();
      const statement = deletion(table.name, tenantId, limit);
      gone = await (relay
        ? platformDoor(database).transaction(async (tx) => affected(await statement.execute(tx.db)), { signal })
        : database
            .tenant(tenantId)
            .write(async (tx) => affected(await statement.execute(named(tx.db, 'database.erase'))), {
              unaudited,
              signal,
              ...(global && { global }),
            }));
      rows += gone;
    } while (limit !== undefined && gone === limit);
    if (rows > 0) erased[table.name] = rows;
  }
  return erased;
}

function deletion(table: string, tenantId: string, limit: number | undefined) {
  const name = sql.table(table);
  if (limit === undefined) return sql`delete from ${name} where tenant_id = ${tenantId}`;
  return sql`delete from ${name} where tenant_id = ${tenantId} and (tableoid, ctid) in (
    select tableoid, ctid from ${name} where tenant_id = ${tenantId} limit ${limit})`;
}

function affected({ numAffectedRows }: { numAffectedRows?: bigint }): number {
  return Number(numAffectedRows ?? 0n);
}

async function tablesOfApp<DB>(database: Database<DB>, tenantId: string): Promise<ErasableTable[]> {
  const { rows } = await database
    .tenant(tenantId)
    .read((tx) => tx.db.executeQuery(CompiledQuery.raw(erasableSql) as CompiledQuery<ErasableTable>));
  return rows;
}

async function tablesOfRelay<DB>(database: Database<DB>): Promise<ReadonlySet<string>> {
  const { rows } = await platformDoor(database).transaction(
    (tx) => tx.db.executeQuery(CompiledQuery.raw(erasableSql) as CompiledQuery<ErasableTable>),
    { readOnly: true },
  );
  return new Set(rows.filter(({ app }) => app).map(({ name }) => name));
}
