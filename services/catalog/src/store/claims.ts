import { sql } from 'kysely';
import { named } from '@idp/database';
import type { Claim } from '../domain/ingestion/resolve-claims.ts';
import type { CatalogTx } from './catalog-tx.ts';

const columns =
  sql.raw(`c.id, c.no, c.source_id as "sourceId", c.location_ref as "locationRef", c.origin_ref as "originRef",
  c.state, c.raw, c.hash, c.parent_no as "parentNo"`);

/** Claims of these refs, the oldest first. */
export async function listClaimsByNumber(tx: CatalogTx, nos: readonly number[]): Promise<Claim[]> {
  const { rows } = await sql<Claim>`
    select ${columns} from claims c where c.no = any(${nos}::int[]) and c.kind = 'document' order by c.no, c.id`.execute(
    named(tx.db, 'catalog.claims-by-number'),
  );
  return rows;
}

/** A claim with the ref it is laid on. */
export type ClaimOfRef = Claim & { ref: string };

/** Where a source describes what, orphans included, in ref order. */
export async function listClaimPlaces(
  tx: CatalogTx,
  sourceId: string,
): Promise<{ ref: string; locationRef: string }[]> {
  const { rows } = await sql<{ ref: string; locationRef: string }>`
    select r.ref, c.location_ref as "locationRef" from claims c join refs r on r.no = c.no
    where c.source_id = ${sourceId} order by r.ref`.execute(named(tx.db, 'catalog.claim-places'));
  return rows;
}

/** Orphans whose grace time is over, in ref order. */
export async function listExpiredOrphans(tx: CatalogTx, graceSeconds: number, limit: number): Promise<ClaimOfRef[]> {
  const { rows } = await sql<ClaimOfRef>`
    select ${columns}, r.ref from claims c join refs r on r.no = c.no
    where c.state = 'orphan' and c.orphaned_at <= now() - make_interval(secs => ${graceSeconds})
    order by r.ref limit ${limit}`.execute(named(tx.db, 'catalog.expired-orphans'));
  return rows;
}

export async function deleteClaims(tx: CatalogTx, ids: readonly string[]): Promise<void> {
  await sql`delete from claims where id = any(${ids}::uuid[])`.execute(named(tx.db, 'catalog.delete-claims'));
}

/** Inserts new claims and updates changed ones; who is active must already have lost its place to those who become it. */
export async function upsertClaims(tx: CatalogTx, claims: readonly Claim[], actor: string): Promise<void> {
  const column = <K extends keyof Claim>(key: K): Claim[K][] => claims.map((claim) => claim[key]);
  await sql`
    insert into claims (id, no, source_id, location_ref, origin_ref, state, raw, hash, parent_no, orphaned_at, created_by, updated_by)
    select new.id, new.no, new.source_id, new.location_ref, new.origin_ref, new.state, new.raw, new.hash, new.parent_no,
      case when new.state = 'orphan' then now() end, ${actor}, ${actor}
    from unnest(${column('id')}::uuid[], ${column('no')}::int[], ${column('sourceId')}::uuid[], ${column('locationRef')}::text[],
      ${column('originRef')}::text[], ${column('state')}::text[], ${column('raw')}::text[], ${column('hash')}::text[],
      ${column('parentNo')}::int[]) as new (id, no, source_id, location_ref, origin_ref, state, raw, hash, parent_no)
    on conflict (tenant_id, id) do update set
      origin_ref = excluded.origin_ref, state = excluded.state, raw = excluded.raw, hash = excluded.hash,
      parent_no = excluded.parent_no, orphaned_at = excluded.orphaned_at, updated_by = excluded.updated_by, updated_at = now()`.execute(
    named(tx.db, 'catalog.upsert-claims'),
  );
}
