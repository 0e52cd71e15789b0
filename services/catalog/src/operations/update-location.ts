import { ConflictError, NotFoundError } from '@idp/errors';
import type { CatalogContext } from '../context.ts';
import { type LocationRef, formatLocationRef } from '../domain/model/location-ref.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { type LocationRow, findLocationById, findLocationByTarget, retargetLocation } from '../store/locations.ts';
import { renameSource } from '../store/sources.ts';
import { commitLocationEntity } from './registration-claim.ts';
import { requestSync } from './sync/request-sync.ts';
import { publishRegistered } from './register-location.ts';

/**
 * Points a location at another target, checked by `checkLocation`; its id and the ref of its Location entity stay. Throws NotFoundError, and
 * 409 LOCATION_EXISTS for a target that is registered.
 */
export async function updateLocation(
  tx: CatalogTx,
  ctx: Pick<CatalogContext, 'validator'>,
  { id, location, actor }: { id: string; location: LocationRef; actor: string },
): Promise<LocationRow> {
  const [known, taken] = await Promise.all([findLocationById(tx, id), findLocationByTarget(tx, location)]);
  if (!known) throw new NotFoundError(`Found no location with ID ${id}`);
  if (taken && taken.id !== id) {
    throw new ConflictError(`Location ${formatLocationRef(location)} already exists`, { code: 'LOCATION_EXISTS' });
  }
  const { type, target } = location;
  const version = await retargetLocation(tx, { id, type, target, actor });
  await renameSource(tx, known.sourceId, formatLocationRef(location), actor);
  const row: LocationRow = { ...known, type, target, version };
  await commitLocationEntity(tx, ctx, { row, actor });
  publishRegistered(tx, row);
  tx.audit({
    action: 'catalog:location:update',
    resourceType: 'location',
    resourceId: id,
    before: { type: known.type, target: known.target },
    after: { type, target },
  });
  await requestSync(tx, known.sourceId);
  return row;
}
