import { ValidationError } from '@idp/errors';
import type { CatalogContext } from '../context.ts';
import { kindsOfRegisteredLocations } from '../domain/ingestion/allowed-kinds.ts';
import type { Entity } from '../domain/model/entity.ts';
import { type LocationRef, formatLocationRef, locationEntityName } from '../domain/model/location-ref.ts';
import { findLocationByTarget } from '../store/locations.ts';
import { type CrawledFile, crawl } from './sync/crawl.ts';
import { locationEntity } from './registration-claim.ts';

export interface LocationPreview {
  /** The Location entity first, then what would be read from it, processed. */
  entities: Entity[];
  /** The target is registered already. */
  exists: boolean;
}

/**
 * Reads what registering a location would bring in, and stores nothing. `location` was checked by `checkLocation`. Throws ValidationError
 * naming everything that would be refused.
 */
export async function previewLocation(
  ctx: Pick<CatalogContext, 'database' | 'validator' | 'syncs'>,
  { tenantId, location, signal }: { tenantId: string; location: LocationRef; signal: AbortSignal },
): Promise<LocationPreview> {
  const known = await ctx.database.tenant(tenantId).read((tx) => findLocationByTarget(tx, location));
  const own = locationEntity(ctx, { name: locationEntityName(location), location, presence: 'required' });
  const reader = ctx.syncs.readerOf(tenantId, { kind: 'location', name: formatLocationRef(location) });
  if (!reader) throw new TypeError('registered locations have a reader');
  const { files } = await crawl({
    reader,
    signal,
    validator: ctx.validator,
    modelVersion: 1,
    allowedKinds: kindsOfRegisteredLocations,
    documents: [],
    locations: [],
    validators: {},
    rootParentRef: own.ref,
  });
  const issues = files.flatMap(issuesOf);
  if (issues.length > 0) throw new ValidationError(issues.map(({ message }) => message).join('; '), { issues });
  return { entities: [own.entity, ...files.flatMap(entitiesOf)], exists: known !== undefined };
}

function entitiesOf(file: CrawledFile): Entity[] {
  if (file.outcome !== 'processed') return [];
  return file.documents.flatMap(({ outcome }) => (outcome.ok ? [outcome.entity.entity] : []));
}

function issuesOf(file: CrawledFile): { path: string; message: string; code: string }[] {
  const errors =
    file.outcome === 'processed'
      ? file.documents.flatMap(({ outcome }) => (outcome.ok ? [] : [outcome.error]))
      : file.outcome === 'unreadable' && file.error
        ? [file.error]
        : [];
  return errors.map(({ message, reason, position }) => {
    const place = position ? `${file.path}:${position.line}:${position.column}` : file.path;
    return { path: 'target', message: `${place}: ${message}`, code: reason };
  });
}
