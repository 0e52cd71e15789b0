import type { BackgroundTask } from '@idp/service';
import type { CatalogContext } from '../context.ts';
import { sweepOrphans } from '../operations/sweep-orphans.ts';
import { eachTenant } from './each-tenant.ts';

/** Often enough that an entity goes soon after its grace time, and not more than every five seconds. */
export function sweepOrphansInBackground(ctx: CatalogContext): BackgroundTask {
  const grace = ctx.config.CATALOG_ORPHAN_GRACE_SECONDS;
  return {
    name: 'sweep-orphans',
    everyMs: Math.min(Math.max(grace * 250, 500), 5000),
    async run(signal) {
      await eachTenant(ctx, signal, async (tenantId) => {
        while ((await sweepOrphans(ctx, tenantId)) > 0) signal.throwIfAborted();
      });
    },
  };
}
