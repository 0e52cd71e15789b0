import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, UnprocessableError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { slugFault } from '../../domain/tenant-slug.ts';
import { insertOrganization, type Organization } from '../../store/organizations/organizations.ts';
import { createdStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';

export interface NewOrganization {
  slug: string;
  name: string;
  tier?: string | undefined;
}

/** 409 `NAME_TAKEN` for a slug the tenant has, 422 `NAME_RESERVED`. */
export async function createOrganization(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { slug, name, tier = 'standard' }: NewOrganization,
): Promise<Organization> {
  requireFreeSlug(slug);
  const now = ctx.clock();
  const row = { id: newId(), slug, name, tier, ...createdStamps(currentActor(), now) };
  const made = await insertOrganization(tx, row);
  if (made === undefined) throw slugTaken('organization');
  await accessChanged(tx, ctx, { scopes: [made.id] });
  publish(tx, {
    type: 'idp.auth.v1.OrganizationCreated',
    aggregateId: made.id,
    version: made.version,
    data: { organizationId: made.id, slug, name, tier, createdAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:organization:create',
    resourceType: 'organization',
    resourceId: made.id,
    after: { slug, name, tier },
  });
  return made;
}

/** 422 `NAME_RESERVED`; the form is the route's to check. */
export function requireFreeSlug(slug: string): void {
  if (slugFault(slug) !== undefined) throw new UnprocessableError('the slug is reserved', { code: 'NAME_RESERVED' });
}

export function slugTaken(what: string): ConflictError {
  return new ConflictError(`another ${what} has this slug`, { code: 'NAME_TAKEN', details: { field: 'slug' } });
}
