import type { PermissionManifest } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import type { AuthContext } from '../context.ts';
import { listTenants } from '../store/tenants.ts';
import { declareManifest, manifestOf, readManifests } from './manifests.ts';
import { loadTenant } from './world.ts';

/** How many tenants are read at once. */
const tenantsAtOnce = 4;

/**
 * Loads the access of all tenants from the database, compiling those that never were: of an older release, or of a start that
 * died. Auth declares its own permissions without an event, so that system roles exist from the first request on.
 */
export async function startAccess(ctx: AuthContext, permissions: PermissionManifest): Promise<void> {
  await ctx.database.tenant(platformTenantId).write((tx) => declareManifest(tx, ctx, manifestOf('auth', permissions)), {
    global: true,
    unaudited: 'what a release declares',
  });
  await loadTenant(ctx, platformTenantId);
  await readManifests(ctx);
  const tenants = await ctx.database.global.read((tx) => listTenants(tx));
  const waiting = tenants.filter(({ state }) => state !== 'deleted').values();
  const work = async (): Promise<void> => {
    for (const { tenantId } of waiting) await loadTenant(ctx, tenantId);
  };
  await Promise.all(Array.from({ length: tenantsAtOnce }, work));
}
