import { newId } from '@idp/contracts';
import type { CatalogContext } from '../context.ts';
import { type ProcessedEntity, processEntity } from '../domain/ingestion/process-entity.ts';
import { type LocationRef, formatLocationRef } from '../domain/model/location-ref.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import type { LocationRow } from '../store/locations.ts';
import { commitClaims } from './commit/commit-claims.ts';

const prefix = 'register:';

/** Whether a claim was laid by registering a location, and not by a document read from it. */
export function isRegistration(locationRef: string): boolean {
  return locationRef.startsWith(prefix);
}

/** The Location entity that stands for a registered location. */
export function locationEntity(
  ctx: Pick<CatalogContext, 'validator'>,
  { name, location, presence }: { name: string; location: LocationRef; presence: string },
): ProcessedEntity {
  const document = {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Location',
    metadata: { name, namespace: 'default' },
    spec: { type: location.type, target: location.target, presence },
  };
  return processEntity(document, { validator: ctx.validator, location, origin: location });
}

/** Writes the Location entity of a new or changed location. */
export async function commitLocationEntity(
  tx: CatalogTx,
  ctx: Pick<CatalogContext, 'validator'>,
  { row, actor }: { row: LocationRow; actor: string },
): Promise<ProcessedEntity> {
  const name = row.entityRef.slice(row.entityRef.indexOf('/') + 1);
  const entity = locationEntity(ctx, { name, location: row, presence: row.presence });
  await commitClaims(tx, {
    upserts: [
      {
        entity,
        sourceId: row.sourceId,
        locationRef: `${prefix}${row.id}`,
        originRef: formatLocationRef(row),
        hash: newId(),
      },
    ],
    cause: 'api',
    actor,
    sourceId: row.sourceId,
    keepOrphans: false,
    validator: ctx.validator,
  });
  return entity;
}
