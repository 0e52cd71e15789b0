import { sql } from 'kysely';
import type { QueryTx } from './query-tx.ts';

/** A registered location as clients see it. */
export interface LocationRow {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  readonly entityRef: string;
}

const columns = sql`l.id, l.type, l.target, l.entity_ref as "entityRef"`;

/** Query `catalog.locations`: every registered location of the tenant, by id. Configured sources have no row. */
export async function listLocations(tx: QueryTx): Promise<LocationRow[]> {
  const result = await sql<LocationRow>`select ${columns} from locations l order by l.id`.execute(tx.db);
  return result.rows;
}

/** Query `catalog.location-by-id`; `id` is a canonical UUID. */
export async function findLocation(tx: QueryTx, id: string): Promise<LocationRow | undefined> {
  const result = await sql<LocationRow>`select ${columns} from locations l where l.id = ${id}`.execute(tx.db);
  return result.rows[0];
}

/** Query `catalog.location-by-target`. */
export async function findLocationByTarget(
  tx: QueryTx,
  location: { type: string; target: string },
): Promise<LocationRow | undefined> {
  const result = await sql<LocationRow>`
    select ${columns} from locations l where l.type = ${location.type} and l.target = ${location.target}`.execute(
    tx.db,
  );
  return result.rows[0];
}
