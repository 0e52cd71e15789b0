import { platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import type { AuthContext } from '../../context.ts';
import type { Tables } from '../../store/tables.ts';
import { insertTenant } from '../../store/tenants.ts';
import { anyUserExists } from '../../store/users.ts';
import { currentActor } from '../acting.ts';
import { requireSlug } from '../create-tenant.ts';
import { makeFirstOwner, type FirstOwner } from './make-first-owner.ts';
import { offerSetup } from './setup-token.ts';

/** What a start finds or makes: somebody can sign in; the owner it names does from now on; or whoever holds the token makes one. */
export type SetupState = { kind: 'present' } | { kind: 'done' } | { kind: 'waiting'; token: string };

/**
 * The first start: the platform tenant in any case, and while no user exists the first owner with the first tenant, or a token
 * for whoever is to be it; a token of before is worth nothing then. Several processes that start at once make one of each.
 * 422 `PASSWORD_REJECTED` and 400 with the sentence to show.
 */
export async function setUpPlatform(
  ctx: AuthContext,
  { owner, tenantSlug }: { owner?: FirstOwner; tenantSlug: string },
): Promise<SetupState> {
  const empty = await ctx.database.tenant(platformTenantId).write((tx) => insertPlatformTenant(tx, ctx.clock()), {
    global: true,
    unaudited: 'the platform tenant is part of the schema',
  });
  if (!empty) return { kind: 'present' };
  requireSlug(tenantSlug);
  if (owner === undefined) return offerSetup(ctx);
  return { kind: (await makeFirstOwner(ctx, { owner, tenantSlug })) === undefined ? 'present' : 'done' };
}

/** Whether no user exists. */
async function insertPlatformTenant(tx: Tx<Tables>, now: Date): Promise<boolean> {
  const actor = currentActor();
  const at = now.toISOString();
  const common = { created_at: at, updated_at: at, created_by: actor, updated_by: actor };
  await insertTenant(tx, { id: platformTenantId, slug: 'platform', name: 'Platform', ...common });
  return !(await anyUserExists(tx));
}
