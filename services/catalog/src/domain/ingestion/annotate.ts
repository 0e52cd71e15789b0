import { type Entity, annotations } from '../model/entity.ts';
import { type LocationRef, formatLocationRef, isScriptUrl } from '../model/location-ref.ts';
import { pagesOfFile } from './web-url.ts';

const rejected = 'https://backstage.io/annotation-rejected-for-security-reasons';

/** Where a document was read, and the registered place it was reached from. */
export interface DocumentOrigin {
  location: LocationRef;
  origin: LocationRef;
}

/**
 * Writes the annotations that say where an entity comes from. The two managed-by ones are the server's alone; the others
 * keep what the document says, script URLs excepted.
 */
export function annotate(entity: Entity, { location, origin }: DocumentOrigin): Entity {
  const pages = location.type === 'url' ? pagesOfFile(location.target) : undefined;
  const defaults: Record<string, string> = pages
    ? {
        [annotations.viewUrl]: pages.viewUrl,
        [annotations.editUrl]: pages.editUrl,
        [annotations.sourceLocation]: `url:${pages.sourceUrl}`,
      }
    : {};
  const merged: Record<string, string> = {
    ...defaults,
    ...entity.metadata.annotations,
    [annotations.managedByLocation]: formatLocationRef(location),
    [annotations.managedByOriginLocation]: formatLocationRef(origin),
  };
  for (const key of [annotations.viewUrl, annotations.editUrl]) {
    if (merged[key] !== undefined && isScriptUrl(merged[key])) merged[key] = rejected;
  }
  return { ...entity, metadata: { ...entity.metadata, annotations: merged } };
}
