import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { deleteBindingsAt } from '../../store/members/role-bindings.ts';
import {
  findDefaultOrganization,
  isOrganizationInUse,
  lockOrganization,
  saveOrganization,
  type Organization,
} from '../../store/organizations/organizations.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';

export interface OrganizationChange {
  name?: string | undefined;
  tier?: string | undefined;
}

interface Target {
  id: string;
  /** Called with the version before the change; throws to refuse (If-Match). */
  precondition(version: number): void;
}

/** Renames an organization or changes its tier. 404, 412. */
export async function updateOrganization(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  { id, precondition, change }: Target & { change: OrganizationChange },
): Promise<Organization> {
  const before = await lockOrganization(tx, id);
  if (before === undefined) throw new NotFoundError('the organization does not exist');
  precondition(before.version);
  const { name = before.name, tier = before.tier } = change;
  const now = ctx.clock();
  const after = await saveOrganization(tx, id, { name, tier, ...updatedStamps(currentActor(), now) });
  publish(tx, {
    type: 'idp.auth.v1.OrganizationUpdated',
    aggregateId: id,
    version: after.version,
    data: { organizationId: id, slug: after.slug, name, tier, updatedAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:organization:update',
    resourceType: 'organization',
    resourceId: id,
    before: { name: before.name, tier: before.tier },
    after: { name, tier },
  });
  return after;
}

/** Deletes an empty organization and what anybody held in it. 404, 412; 409 while it has teams or projects, and for the default one. */
export async function deleteOrganization(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { id, precondition }: Target,
): Promise<void> {
  const before = await lockOrganization(tx, id);
  if (before === undefined) throw new NotFoundError('the organization does not exist');
  precondition(before.version);
  const [inUse, first] = await Promise.all([isOrganizationInUse(tx, id), findDefaultOrganization(tx)]);
  if (inUse) throw new ConflictError('the organization has teams or projects');
  if (first?.id === id) throw new ConflictError('the default organization cannot be deleted');
  const now = ctx.clock();
  const actor = currentActor();
  const after = await saveOrganization(tx, id, {
    deleted_at: now.toISOString(),
    deleted_by: actor,
    ...updatedStamps(actor, now),
  });
  const principals = await deleteBindingsAt(tx, { type: 'organization', id });
  await accessChanged(tx, ctx, { scopes: [id], principals });
  const { slug, name, tier } = before;
  publish(tx, {
    type: 'idp.auth.v1.OrganizationDeleted',
    aggregateId: id,
    version: after.version,
    data: { organizationId: id, slug, name, tier, deletedAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:organization:delete',
    resourceType: 'organization',
    resourceId: id,
    before: { slug, name, tier },
  });
}
