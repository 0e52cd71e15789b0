import { newId, TenantStatus, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { NotFoundError, UnprocessableError, ValidationError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../access/changed.ts';
import type { AuthContext } from '../context.ts';
import { parseEmailAddress } from '../domain/email-address.ts';
import { slugFault } from '../domain/tenant-slug.ts';
import { insertOrganization, insertTenant, recordPrepared } from '../store/tenants.ts';
import type { Tables } from '../store/tables.ts';
import { findUser } from '../store/users.ts';
import { currentActor } from './acting.ts';
import { insertMember } from './add-member.ts';
import { askToJoin } from './invitations/invite.ts';

export interface NewTenant {
  slug: string;
  name: string;
  /** Account that becomes `tenant-owner`. */
  ownerUserId?: string;
  /** Address that is invited to become `tenant-owner`. */
  ownerEmail?: string;
  tier?: string | undefined;
  region?: string | undefined;
  /** Why: `setup`, `seed`, … */
  reason?: string;
}

/**
 * A tenant, active at once: its row, data key, default organization, own receipt and owner. 400 or 422 `NAME_RESERVED`
 * for the slug, 400 for the address, 404 for an unknown owner, 409 `CONFLICT` for a taken slug.
 */
export async function createTenant(
  ctx: Pick<AuthContext, 'database' | 'secrets' | 'clock' | 'access'>,
  input: NewTenant,
): Promise<{ tenantId: string }> {
  requireSlug(input.slug);
  const tenantId = newId();
  // Made beforehand in a transaction of its own: a tenant never exists without its key, a key without tenant opens nothing.
  await ctx.secrets.tenant(tenantId).prepare();
  await ctx.database.tenant(tenantId).write((tx) => insertNewTenant(tx, ctx, { ...input, tenantId }), { global: true });
  return { tenantId };
}

/** 400 for the form of the slug, 422 `NAME_RESERVED`. */
export function requireSlug(slug: string): void {
  const fault = slugFault(slug);
  if (fault === 'form') {
    throw new ValidationError('the slug is not valid', {
      issues: [{ path: 'slug', message: 'must be like "my-company"' }],
    });
  }
  if (fault === 'reserved') throw new UnprocessableError('the slug is reserved', { code: 'NAME_RESERVED' });
}

/** Everything of a new tenant, in the transaction of that tenant. */
export async function insertNewTenant(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { tenantId, slug, name, tier, region, ownerUserId, ownerEmail, reason = 'setup' }: NewTenant & { tenantId: string },
): Promise<void> {
  const now = ctx.clock();
  const actor = currentActor();
  const at = now.toISOString();
  const common = { created_at: at, updated_at: at, created_by: actor, updated_by: actor };
  const organizationId = newId();
  await insertTenant(tx, { id: tenantId, slug, name, region: region ?? null, ...(tier && { tier }), ...common });
  await Promise.all([
    insertOrganization(tx, { id: organizationId, slug: 'default', name, ...common }),
    recordPrepared(tx, 'auth', now),
  ]);
  publish(tx, {
    type: 'idp.auth.v1.TenantCreated',
    aggregateId: tenantId,
    version: 1,
    data: { slug, name, status: TenantStatus.ACTIVE, createdAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:tenant:create',
    resourceType: 'tenant',
    resourceId: tenantId,
    after: { slug, name, status: 'active' },
    reason,
  });
  if (ownerEmail !== undefined) {
    const address = parseEmailAddress(ownerEmail);
    if (address === undefined) throw new ValidationError('the address is not valid');
    await askToJoin(tx, ctx, { organizationId, address, role: 'tenant-owner', teamIds: [], invitedBy: actor });
  }
  if (ownerUserId === undefined) {
    await accessChanged(tx, ctx, { tenant: true });
    return;
  }
  const user = await findUser(tx, ownerUserId);
  if (user === undefined) throw new NotFoundError('the owner does not exist');
  await insertMember(tx, ctx, { membershipId: newId(), user, role: 'tenant-owner', reason });
}
