import type { BackgroundTask } from '@idp/service';
import type { CatalogContext } from '../context.ts';
import { listDueSources } from '../store/sources.ts';
import { eachTenant } from './each-tenant.ts';

const everyMs = 30_000;
const sourcesPerRound = 50;

/** Reads registered locations again when their time has come, also those whose first read was cut off by a stop. */
export function pollLocations(ctx: CatalogContext): BackgroundTask {
  return {
    name: 'poll-locations',
    everyMs,
    async run(signal) {
      await eachTenant(ctx, signal, async (tenantId) => {
        const door = ctx.database.tenant(tenantId);
        const due = await door.read((tx) => listDueSources(tx, ctx.config.CATALOG_URL_POLL_SECONDS, sourcesPerRound));
        for (const { id } of due) await ctx.syncs.run(tenantId, id, signal);
      });
    },
  };
}
