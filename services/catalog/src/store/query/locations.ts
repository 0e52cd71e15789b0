import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from '../catalog-tx.ts';

/** A registered location as clients see it. */
export interface LocationView {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  readonly entityRef: string;
}

const columns = sql`l.id, l.type, l.target, l.entity_ref as "entityRef"`;

/** Every registered location of the tenant, by id. Configured sources have no row. */
export async function listLocations(tx: CatalogTx): Promise<LocationView[]> {
  const result = await sql<LocationView>`select ${columns} from locations l order by l.id`.execute(
    named(tx.db, 'catalog.locations'),
  );
  return result.rows;
}
