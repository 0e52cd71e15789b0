import { z } from 'zod';
import { defineQueue, defineSchedule, type JobDefinitions } from '@idp/jobs';
import { eachTenant } from '../background/each-tenant.ts';
import type { CatalogContext } from '../context.ts';
import { requestSync } from '../operations/sync/request-sync.ts';
import { listDueSources } from '../store/sources.ts';

const sourcesPerRound = 50;
const unaudited = 'asks for work';

/** Twice a minute asks for registered locations to be read again whose time has come. */
export function pollLocations(ctx: CatalogContext): Required<JobDefinitions> {
  const queue = defineQueue<Record<string, never>>({
    name: 'poll-locations',
    payload: z.strictObject({}),
    concurrency: 1,
    handler: (job) =>
      eachTenant(ctx, job.signal, async (tenantId) => {
        const door = ctx.database.tenant(tenantId);
        const due = await door.read((tx) => listDueSources(tx, ctx.config.CATALOG_URL_POLL_SECONDS, sourcesPerRound));
        if (due.length === 0) return;
        const ask = async (tx: Parameters<typeof requestSync>[0]): Promise<void> => {
          for (const { id } of due) await requestSync(tx, id);
        };
        await door.write(ask, { unaudited });
      }),
  });
  const schedule = defineSchedule({
    name: 'poll-locations',
    cron: '*/30 * * * * *',
    missed: 'skip',
    queue,
    payload: {},
  });
  return { queues: [queue], schedules: [schedule] };
}
