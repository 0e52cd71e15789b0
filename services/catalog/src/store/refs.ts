import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';
import { lockNumbers } from './numbers-lock.ts';

/** A ref with its number; the uid is null while nothing of that name ever was an entity. */
export interface RefRow {
  no: number;
  ref: string;
  entityId: string | null;
  lastRevision: number;
}

const columns = sql.raw('no, ref, entity_id as "entityId", last_revision as "lastRevision"');

export async function findRefs(tx: CatalogTx, refs: readonly string[]): Promise<Map<string, RefRow>> {
  if (refs.length === 0) return new Map();
  const { rows } = await sql<RefRow>`select ${columns} from refs where ref = any(${refs}::text[])`.execute(
    named(tx.db, 'catalog.refs-by-text'),
  );
  return new Map(rows.map((row) => [row.ref, row]));
}

export async function findRefByUid(tx: CatalogTx, uid: string): Promise<RefRow | undefined> {
  const { rows } = await sql<RefRow>`select ${columns} from refs where entity_id = ${uid}`.execute(
    named(tx.db, 'catalog.ref-by-uid'),
  );
  return rows[0];
}

/** Gives every ref a number, new ones included. To be called before rows are locked. */
export async function internRefs(tx: CatalogTx, refs: readonly string[]): Promise<Map<string, RefRow>> {
  const wanted = [...new Set(refs)];
  const known = await findRefs(tx, wanted);
  if (wanted.every((ref) => known.has(ref))) return known;
  await lockNumbers(tx);
  const now = await findRefs(tx, wanted);
  const missing = wanted.filter((ref) => !now.has(ref)).sort();
  if (missing.length === 0) return now;
  const { rows } = await sql<RefRow>`
    insert into refs (no, ref)
    select coalesce((select max(no) from refs), 0) + new.at, new.ref
    from unnest(${missing}::text[]) with ordinality as new (ref, at)
    returning ${columns}`.execute(named(tx.db, 'catalog.insert-refs'));
  for (const row of rows) now.set(row.ref, row);
  return now;
}

/** Locks the refs in their order: whoever changes claims, entity, terms or relations of a ref holds its lock. */
export async function lockRefs(tx: CatalogTx, refs: readonly string[]): Promise<RefRow[]> {
  const { rows } = await sql<RefRow>`
    select ${columns} from refs where ref = any(${refs}::text[]) order by ref for update`.execute(
    named(tx.db, 'catalog.lock-refs'),
  );
  return rows;
}

export interface RefUpdate {
  no: number;
  entityId: string;
  revision: number;
}

export async function updateRefs(tx: CatalogTx, updates: readonly RefUpdate[]): Promise<void> {
  await sql`
    update refs r set entity_id = new.entity_id, last_revision = new.revision
    from unnest(${updates.map((u) => u.no)}::int[], ${updates.map((u) => u.entityId)}::uuid[],
      ${updates.map((u) => u.revision)}::int[]) as new (no, entity_id, revision)
    where r.no = new.no`.execute(named(tx.db, 'catalog.update-refs'));
}
