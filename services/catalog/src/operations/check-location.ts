import { PermissionError, ValidationError } from '@idp/errors';
import type { CatalogContext } from '../context.ts';
import { rawContentUrl } from '../domain/ingestion/web-url.ts';
import { type LocationRef, formatLocationRef } from '../domain/model/location-ref.ts';
import { judged } from './model-errors.ts';

/**
 * Judges a location somebody wants to register, before any transaction: read-only mode (403), type (400), form of the target
 * (400), and whether it may be reached at all (422 URL_NOT_ALLOWED).
 */
export async function checkLocation(
  ctx: Pick<CatalogContext, 'config' | 'egress'>,
  { tenantId, location, signal }: { tenantId: string; location: LocationRef; signal?: AbortSignal },
): Promise<LocationRef> {
  requireWritable(ctx);
  const allowed = ctx.config.CATALOG_LOCATION_TYPES;
  if (!allowed.includes(location.type)) {
    throw refusal('type', `Registered locations must be of an allowed type ${JSON.stringify(allowed)}`);
  }
  judged(() => formatLocationRef(location), 'location');
  if (location.type !== 'url') return location;
  if (!URL.canParse(location.target)) throw refusal('target', `The target ${location.target} is not a URL`);
  await ctx.egress.check(rawContentUrl(location.target), { class: 'fetch', tenantId, ...(signal ? { signal } : {}) });
  return location;
}

/** Throws PermissionError while locations are configured elsewhere. */
export function requireWritable(ctx: Pick<CatalogContext, 'config'>): void {
  if (ctx.config.CATALOG_READONLY) throw new PermissionError('the catalog is in read-only mode');
}

function refusal(field: string, message: string): ValidationError {
  return new ValidationError(message, { issues: [{ path: field, message }] });
}
