import { sql, type Kysely } from 'kysely';

interface ProjectionTx {
  readonly tenantId: string;
  // The table is named by the caller: it need not be known here.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly db: Kysely<any>;
}

type Row = Readonly<Record<string, unknown>> & { readonly id: string };
export type LatestOutcome = 'applied' | 'stale';

const identifier = /^[a-z_][a-z0-9_]*$/;

/**
 * Writes a projection row, only when `version` is newer than the row or the tombstone that is there. The table has the columns
 * `tenant_id, id` (its primary key), `version bigint`, `deleted_at timestamptz` and those of `row`; objects are stored as JSON.
 */
export async function upsertLatest(tx: ProjectionTx, table: string, row: Row, version: number): Promise<LatestOutcome> {
  const values: Record<string, unknown> = { ...row, tenant_id: tx.tenantId, version, deleted_at: null };
  const columns = Object.keys(values);
  checkNames(table, columns);
  const changing = columns.filter((column) => column !== 'tenant_id' && column !== 'id');
  const { numAffectedRows } = await sql`
    insert into ${sql.table(table)} as t (${sql.join(columns.map((column) => sql.ref(column)))})
    values (${sql.join(columns.map((column) => values[column]))})
    on conflict (tenant_id, id) do update set ${sql.join(changing.map((column) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`))}
    where t.version < excluded.version`.execute(tx.db);
  return numAffectedRows === 1n ? 'applied' : 'stale';
}

/**
 * Makes a projection row a tombstone, only when `version` is newer: nothing that was deleted returns by a late event. All columns
 * but the four of {@link upsertLatest} must be nullable or have defaults. Readers leave out rows with `deleted_at`.
 */
export async function deleteLatest(
  tx: ProjectionTx,
  table: string,
  id: string,
  version: number,
): Promise<LatestOutcome> {
  checkNames(table, []);
  const { numAffectedRows } = await sql`
    insert into ${sql.table(table)} as t (tenant_id, id, version, deleted_at) values (${tx.tenantId}, ${id}, ${version}, now())
    on conflict (tenant_id, id) do update set version = excluded.version, deleted_at = excluded.deleted_at
    where t.version < excluded.version`.execute(tx.db);
  return numAffectedRows === 1n ? 'applied' : 'stale';
}

function checkNames(table: string, columns: readonly string[]): void {
  for (const name of [table, ...columns]) {
    if (!identifier.test(name)) throw new Error(`not a table or column: ${name}`);
  }
}
