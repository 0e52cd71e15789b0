import { timestampFromDate } from '@idp/contracts';
import { NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import type { CatalogContext } from '../context.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { listClaimPlaces } from '../store/claims.ts';
import { deleteLocationRow, findLocationById } from '../store/locations.ts';
import { deleteSource } from '../store/sources.ts';
import { commitClaims } from './commit/commit-claims.ts';

const batchSize = 250;

/** Removes a location with everything that only it described, at once. Throws NotFoundError. */
export async function deleteLocation(
  tx: CatalogTx,
  ctx: Pick<CatalogContext, 'validator'>,
  { id, actor }: { id: string; actor: string },
): Promise<void> {
  const location = await findLocationById(tx, id);
  if (!location) throw new NotFoundError(`Found no location with ID ${id}`);
  const { sourceId, type, target, entityRef, version } = location;
  const places = await listClaimPlaces(tx, sourceId);
  for (let i = 0; i < places.length; i += batchSize) {
    const removals = places.slice(i, i + batchSize).map((place) => ({ ...place, sourceId }));
    await commitClaims(tx, {
      upserts: [],
      removals,
      cause: 'api',
      actor,
      sourceId,
      keepOrphans: false,
      validator: ctx.validator,
    });
  }
  await deleteLocationRow(tx, id);
  await deleteSource(tx, sourceId);
  publish(tx, {
    type: 'idp.catalog.v1.LocationRemoved',
    aggregateId: id,
    version: version + 1,
    data: { locationId: id, type, target, removedAt: timestampFromDate(new Date()) },
  });
  tx.audit({
    action: 'catalog:location:delete',
    resourceType: 'location',
    resourceId: id,
    before: { type, target, entityRef },
  });
}
