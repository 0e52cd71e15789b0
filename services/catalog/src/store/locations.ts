import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** A location registered by API. */
export interface LocationRow {
  id: string;
  type: string;
  target: string;
  presence: 'required' | 'optional';
  entityRef: string;
  sourceId: string;
  version: number;
}

const columns = sql.raw('id, type, target, presence, entity_ref as "entityRef", source_id as "sourceId", version');

export async function findLocationById(tx: CatalogTx, id: string): Promise<LocationRow | undefined> {
  const { rows } = await sql<LocationRow>`select ${columns} from locations where id = ${id}`.execute(
    named(tx.db, 'catalog.location-for-write'),
  );
  return rows[0];
}

export async function findLocationByTarget(
  tx: CatalogTx,
  { type, target }: { type: string; target: string },
): Promise<LocationRow | undefined> {
  const { rows } = await sql<LocationRow>`
    select ${columns} from locations where type = ${type} and target = ${target}`.execute(
    named(tx.db, 'catalog.location-by-target'),
  );
  return rows[0];
}

export async function findLocationOfSource(tx: CatalogTx, sourceId: string): Promise<LocationRow | undefined> {
  const { rows } = await sql<LocationRow>`select ${columns} from locations where source_id = ${sourceId}`.execute(
    named(tx.db, 'catalog.location-of-source'),
  );
  return rows[0];
}

export async function insertLocation(tx: CatalogTx, location: LocationRow, actor: string): Promise<void> {
  await sql`
    insert into locations (id, type, target, presence, entity_ref, source_id, version, created_by, updated_by)
    values (${location.id}, ${location.type}, ${location.target}, ${location.presence}, ${location.entityRef},
      ${location.sourceId}, ${location.version}, ${actor}, ${actor})`.execute(named(tx.db, 'catalog.insert-location'));
}

/** Moves a location to another target; its id and entity ref stay. Returns the new version. */
export async function retargetLocation(
  tx: CatalogTx,
  change: { id: string; type: string; target: string; actor: string },
): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    update locations set type = ${change.type}, target = ${change.target}, version = version + 1, updated_at = now(),
      updated_by = ${change.actor} where id = ${change.id} returning version`.execute(
    named(tx.db, 'catalog.retarget-location'),
  );
  return rows[0]?.version ?? 0;
}

export async function deleteLocationRow(tx: CatalogTx, id: string): Promise<void> {
  await sql`delete from locations where id = ${id}`.execute(named(tx.db, 'catalog.delete-location'));
}
