import { defineQueue, type Job, type QueueDefinition } from '@idp/jobs';
import type { CatalogContext } from '../context.ts';
import { syncQueue, type SyncRequest } from '../operations/sync/request-sync.ts';
import type { SyncWrite } from '../operations/sync/sync-source.ts';

/** A large directory takes minutes when it is read for the first time. */
const longestMs = 30 * 60_000;
const sourcesAtOnce = 4;

/** Reads a source. What it writes commits only while the job is this run's: a run that froze changes nothing when it wakes up. */
export function syncSourceJobs(ctx: Pick<CatalogContext, 'syncs'>): QueueDefinition<SyncRequest> {
  return defineQueue<SyncRequest>({
    ...syncQueue,
    concurrency: sourcesAtOnce,
    timeoutMs: longestMs,
    async handler(job) {
      await ctx.syncs.run(job.tenantId, job.payload.sourceId, job.signal, stepsOf(job));
    },
  });
}

// oxlint-disable-next-line typescript/no-explicit-any -- see CatalogTx
function stepsOf(job: Job<SyncRequest, any>): SyncWrite {
  return (fn, { unaudited } = {}) =>
    job.transaction(fn, { finish: false, ...(unaudited !== undefined && { unaudited }) });
}
