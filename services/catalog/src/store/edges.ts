import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** A current relation by numbers: `from` has the forward type of the pair to `to`, as `origin`'s document says. */
export interface StoredEdge {
  origin: number;
  pairId: number;
  from: number;
  to: number;
}

export async function listEdgesByOrigin(tx: CatalogTx, nos: readonly number[]): Promise<StoredEdge[]> {
  const { rows } = await sql<StoredEdge>`
    select origin_no as origin, pair_id as "pairId", src_no as "from", dst_no as "to"
    from edges where origin_no = any(${nos}::int[]) and to_seq is null`.execute(
    named(tx.db, 'catalog.edges-by-origin'),
  );
  return rows;
}

/** An edge with the number of the change that opens or closes it. */
export interface EdgeChange extends StoredEdge {
  seq: number;
}

function rowsOf(changes: readonly EdgeChange[]) {
  return sql`unnest(${changes.map((c) => c.origin)}::int[], ${changes.map((c) => c.pairId)}::smallint[],
    ${changes.map((c) => c.from)}::int[], ${changes.map((c) => c.to)}::int[], ${changes.map((c) => c.seq)}::bigint[])
    as change (origin_no, pair_id, src_no, dst_no, seq)`;
}

export async function openEdges(tx: CatalogTx, changes: readonly EdgeChange[]): Promise<void> {
  await sql`
    insert into edges (origin_no, pair_id, src_no, dst_no, from_seq)
    select change.origin_no, change.pair_id, change.src_no, change.dst_no, change.seq from ${rowsOf(changes)}`.execute(
    named(tx.db, 'catalog.open-edges'),
  );
}

export async function closeEdges(tx: CatalogTx, changes: readonly EdgeChange[]): Promise<void> {
  await sql`
    update edges e set to_seq = change.seq from ${rowsOf(changes)}
    where e.origin_no = change.origin_no and e.pair_id = change.pair_id and e.src_no = change.src_no
      and e.dst_no = change.dst_no and e.to_seq is null`.execute(named(tx.db, 'catalog.close-edges'));
}
