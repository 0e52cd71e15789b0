import { z } from 'zod';
import { platformTenantId } from '@idp/contracts';
import { emitSnapshots, type SnapshotPage } from '@idp/events';
import {
  defineQueue,
  enqueue,
  type Job,
  type JobTransaction,
  type QueueAddress,
  type QueueDefinition,
} from '@idp/jobs';
import type { OpsParts } from '../ops-parts.ts';

const payload = z.strictObject({
  topic: z.string(),
  /** Only these; empty for all. */
  aggregateIds: z.array(z.string()),
  /** The job of the platform tenant makes one for every tenant first. */
  everyTenant: z.boolean(),
});
type SnapshotPayload = z.output<typeof payload>;

const address: QueueAddress<SnapshotPayload> = { name: 'ops-snapshots', payload };

/** Aggregates in one transaction: each holds its row lock until COMMIT. */
const pageSize = 100;
const runMs = 900_000;

/** Asks for the state of a topic of this service to be emitted again. Two wishes for all of a tenant become one job. */
export async function enqueueSnapshots(
  tx: JobTransaction,
  { topic, aggregateIds = [] }: { topic: string; aggregateIds?: readonly string[] },
): Promise<string> {
  const everyTenant = tx.tenantId === platformTenantId;
  const wish = { topic, aggregateIds: [...aggregateIds], everyTenant };
  const options = aggregateIds.length > 0 ? {} : { dedupKey: topic, onDuplicate: 'keep' as const };
  return (await enqueue(tx, address, wish, options)).id;
}

/** Emits the state of aggregates again, page by page. A run that begins anew emits some of them twice, which changes nothing. */
export function snapshotQueue(parts: OpsParts): QueueDefinition<SnapshotPayload> {
  return defineQueue<SnapshotPayload>({ ...address, timeoutMs: runMs, handler: (job) => run(parts, job) });
}

async function run({ database, snapshots, tenants, globalTables }: OpsParts, job: Job<SnapshotPayload>): Promise<void> {
  const { topic, aggregateIds, everyTenant } = job.payload;
  const source = snapshots[topic];
  // This release does not own the topic any more.
  if (source === undefined) return;
  if (everyTenant) {
    for (const tenantId of (await tenants()).filter((id) => id !== job.tenantId)) {
      await database.tenant(tenantId).write((tx) => enqueueSnapshots(tx as never, { topic, aggregateIds }), {
        unaudited: 'asked for once, audited there',
      });
    }
  }
  const ids = aggregateIds.length === 0 ? undefined : aggregateIds;
  const options = { global: globalTables, signal: job.signal, unaudited: 'nothing has changed' };
  const tenant = database.tenant(job.tenantId);
  let after: string | undefined;
  let emitted = 0;
  do {
    const page: SnapshotPage = { ids, after, limit: ids?.length ?? pageSize };
    after = await tenant.write((tx) => emitSnapshots(tx as never, source, page), options);
    emitted += pageSize;
    if (after !== undefined) await job.progress({ after, emitted });
  } while (after !== undefined);
}
