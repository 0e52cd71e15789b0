import { platformTenantId } from '@idp/contracts';
import type { CatalogContext } from '../context.ts';
import { type TenantRow, listTenants } from '../store/tenants.ts';

/** Tenants whose background work may run, the first prepared one first. */
export async function activeTenants(ctx: Pick<CatalogContext, 'database'>): Promise<TenantRow[]> {
  const tenants = await ctx.database.tenant(platformTenantId).read(listTenants);
  return tenants.filter(({ status, tenantId }) => status === 'active' && tenantId !== platformTenantId);
}

/** Does the work of one tenant after the other; one that fails does not keep the others from theirs. */
export async function eachTenant(
  ctx: Pick<CatalogContext, 'database' | 'logger'>,
  signal: AbortSignal,
  work: (tenantId: string) => Promise<void>,
): Promise<void> {
  for (const { tenantId } of await activeTenants(ctx)) {
    signal.throwIfAborted();
    try {
      await work(tenantId);
    } catch (err) {
      signal.throwIfAborted();
      ctx.logger.error({ err, tenantId }, 'background work of a tenant failed');
    }
  }
}
