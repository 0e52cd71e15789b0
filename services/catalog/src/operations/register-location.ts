import { newId, timestampFromDate } from '@idp/contracts';
import { ConflictError } from '@idp/errors';
import { publish } from '@idp/events';
import type { CatalogContext } from '../context.ts';
import { kindsOfRegisteredLocations } from '../domain/ingestion/allowed-kinds.ts';
import type { Entity } from '../domain/model/entity.ts';
import { type LocationRef, formatLocationRef, locationEntityName } from '../domain/model/location-ref.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { type LocationRow, findLocationByTarget, insertLocation } from '../store/locations.ts';
import { ensureSource } from '../store/sources.ts';
import { commitLocationEntity } from './registration-claim.ts';
import { requestSync } from './sync/request-sync.ts';

type Deps = Pick<CatalogContext, 'validator'>;

export interface LocationRegistration {
  /** Checked by `checkLocation`. */
  location: LocationRef;
  presence?: 'required' | 'optional';
  onConflict?: 'refresh' | 'reject';
  actor: string;
}

export interface RegisteredLocation {
  location: LocationRow;
  /** The Location entity written now; undefined when the location was there and is read again instead. */
  entity: Entity | undefined;
}

/**
 * Registers a location: its row, its source and its Location entity in this transaction; what it points at is read after the
 * commit. A registered target is 409 LOCATION_EXISTS, or with `onConflict: 'refresh'` read again.
 */
export async function registerLocation(
  tx: CatalogTx,
  ctx: Deps,
  input: LocationRegistration,
): Promise<RegisteredLocation> {
  const { location, presence = 'required', actor } = input;
  const known = await findLocationByTarget(tx, location);
  if (known) {
    if (input.onConflict !== 'refresh') {
      throw new ConflictError(`Location ${formatLocationRef(location)} already exists`, { code: 'LOCATION_EXISTS' });
    }
    tx.audit({ action: 'catalog:location:refresh', resourceType: 'location', resourceId: known.id });
    await requestSync(tx, known.sourceId);
    return { location: known, entity: undefined };
  }
  const source = await ensureSource(tx, {
    id: newId(),
    kind: 'location',
    name: formatLocationRef(location),
    allowedKinds: JSON.stringify(kindsOfRegisteredLocations),
    actor,
  });
  const entityRef = `location:default/${locationEntityName(location)}`;
  const row: LocationRow = { id: newId(), ...location, presence, entityRef, sourceId: source.id, version: 1 };
  await insertLocation(tx, row, actor);
  const { entity } = await commitLocationEntity(tx, ctx, { row, actor });
  publishRegistered(tx, row);
  const { id, type, target } = row;
  tx.audit({
    action: 'catalog:location:create',
    resourceType: 'location',
    resourceId: id,
    after: { type, target, entityRef },
  });
  await requestSync(tx, source.id);
  return { location: row, entity };
}

export function publishRegistered(
  tx: CatalogTx,
  { id, version, type, target, entityRef, sourceId }: LocationRow,
): void {
  publish(tx, {
    type: 'idp.catalog.v1.LocationRegistered',
    aggregateId: id,
    version,
    data: { locationId: id, type, target, entityRef, sourceId, registeredAt: timestampFromDate(new Date()) },
  });
}
