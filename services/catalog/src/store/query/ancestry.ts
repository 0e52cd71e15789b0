import { sql } from 'kysely';
import { named } from '@idp/database';
import { entityColumns, type EntityRow } from './entity-rows.ts';
import type { CatalogTx } from '../catalog-tx.ts';

/** One entity of an ancestry with the numbers of the entities that led to it. */
export interface AncestryRow extends EntityRow {
  readonly ref: string;
  readonly parents: readonly number[];
}

/**
 * The entity of a canonical ref and, upwards, the Location entities that led to it; the
 * entity itself first. Empty when the ref has no living entity. `union` ends the walk where locations form a circle.
 */
export async function readAncestry(tx: CatalogTx, ref: string): Promise<AncestryRow[]> {
  const result = await sql<AncestryRow>`
    with recursive chain (no) as (
      select e.no from refs r join entities e on e.no = r.no where r.ref = ${ref} and e.deleted_at is null
      union
      select c.parent_no from chain join claims c on c.no = chain.no join entities p on p.no = c.parent_no
      where c.state in ('active', 'orphan') and c.kind = 'document' and p.deleted_at is null
    )
    select r.ref, ${entityColumns(true)},
      array(select distinct c.parent_no from claims c where c.no = e.no and c.parent_no is not null
        and c.state in ('active', 'orphan') and c.kind = 'document') as parents
    from chain join entities e on e.no = chain.no join refs r on r.no = e.no
    order by r.ref <> ${ref}, e.no`.execute(named(tx.db, 'catalog.ancestry'));
  return result.rows;
}
