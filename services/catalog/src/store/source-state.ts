import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** A claim of a source without its text. */
export interface SourceClaim {
  ref: string;
  locationRef: string;
  /** The entity shows this claim, now or until its grace time ends. */
  active: boolean;
  /** Status of the entity as stored. */
  status: string | null;
  /** JSON text of the document, of Location entities only. */
  location: string | null;
}

/** Claims of a source, orphans left out, in ref order. */
export async function listSourceClaims(tx: CatalogTx, sourceId: string): Promise<SourceClaim[]> {
  const { rows } = await sql<SourceClaim>`
    select r.ref, c.location_ref as "locationRef", c.state = 'active' as active,
      case when e.deleted_at is null then e.status end as status,
      case when e.kind = 'location' and e.deleted_at is null then c.raw end as location
    from claims c join refs r on r.no = c.no left join entities e on e.no = c.no
    where c.source_id = ${sourceId} and c.state <> 'orphan' order by r.ref`.execute(
    named(tx.db, 'catalog.source-claims'),
  );
  return rows;
}

/** Lets the planner know of what a large sync wrote; takes a moment, and no lock that keeps anybody from reading or writing. */
export async function refreshStatistics(tx: CatalogTx): Promise<void> {
  await sql`select refresh_statistics()`.execute(named(tx.db, 'catalog.refresh-statistics'));
}
