import { activeTenants } from '@idp/service';
import type { CatalogContext } from '../context.ts';

/** Does the work of one tenant after the other; one that fails does not keep the others from theirs. */
export async function eachTenant(
  ctx: Pick<CatalogContext, 'database' | 'logger'>,
  signal: AbortSignal,
  work: (tenantId: string) => Promise<void>,
): Promise<void> {
  for (const { tenantId } of await activeTenants(ctx.database)) {
    signal.throwIfAborted();
    try {
      await work(tenantId);
    } catch (err) {
      signal.throwIfAborted();
      ctx.logger.error({ err, tenantId }, 'background work of a tenant failed');
    }
  }
}
