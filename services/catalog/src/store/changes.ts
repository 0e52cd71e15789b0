import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/**
 * Takes the next `count` numbers of the change stream and returns the first. The row stays locked until the end of the
 * transaction: numbers have no gaps and follow the order of commits. To be called after all other row work.
 */
export async function advanceHead(tx: CatalogTx, count: number, nextNo: number): Promise<number> {
  const { rows } = await sql<{ seq: number }>`
    insert into heads (seq, next_no) values (${count}, ${nextNo})
    on conflict (tenant_id) do update set seq = heads.seq + ${count}, next_no = greatest(heads.next_no, ${nextNo})
    returning seq`.execute(named(tx.db, 'catalog.advance-head'));
  return (rows[0]?.seq ?? 0) - count + 1;
}

/** Number of the newest change of the tenant, 0 where there was none. */
export async function getHeadSeq(tx: CatalogTx): Promise<number> {
  const { rows } = await sql<{ seq: number }>`select seq from heads`.execute(named(tx.db, 'catalog.head-seq'));
  return rows[0]?.seq ?? 0;
}

/** Creates the head of a new tenant; false when it is there. */
export async function insertHead(tx: CatalogTx): Promise<boolean> {
  const { rows } = await sql`insert into heads default values on conflict do nothing returning seq`.execute(
    named(tx.db, 'catalog.insert-head'),
  );
  return rows.length > 0;
}

export async function getModelVersion(tx: CatalogTx): Promise<number> {
  const { rows } = await sql<{ version: number }>`select model_version as version from heads`.execute(
    named(tx.db, 'catalog.model-version'),
  );
  return rows[0]?.version ?? 1;
}

export interface ChangeRow {
  seq: number;
  no: number;
  op: 'created' | 'updated' | 'deleted';
  revision: number;
  /** Numbers of the other entities whose relations changed. */
  related: readonly number[];
}

export async function insertChanges(tx: CatalogTx, changes: readonly ChangeRow[]): Promise<void> {
  await sql`
    insert into changes (seq, no, op, revision, related)
    select new.seq, new.no, new.op, new.revision, new.related::int[]
    from unnest(${changes.map((c) => c.seq)}::bigint[], ${changes.map((c) => c.no)}::int[],
      ${changes.map((c) => c.op)}::text[], ${changes.map((c) => c.revision)}::int[],
      ${changes.map((c) => `{${c.related.join()}}`)}::text[]) as new (seq, no, op, revision, related)`.execute(
    named(tx.db, 'catalog.insert-changes'),
  );
}
