import type { RoutePlugin } from '../http/types.ts';
import { bulkRedriveRoutes } from './dead-letters/bulk-redrive.ts';
import { deadLetterReadRoutes } from './dead-letters/reads.ts';
import { redriveQueue } from './dead-letters/redrive-queue.ts';
import { deadLetterWriteRoutes } from './dead-letters/writes.ts';
import type { JobDefinitions } from '@idp/jobs';
import { rebuildQueue } from './consumers/rebuild-queue.ts';
import { consumerRoutes } from './consumers/routes.ts';
import type { OpsParts } from './ops-parts.ts';
import { jobReadRoutes } from './jobs/reads.ts';
import { scheduleRoutes } from './jobs/schedules.ts';
import { jobWriteRoutes } from './jobs/writes.ts';
import { maintenance } from './maintenance.ts';
import { outboxRoutes } from './outbox.ts';
import { parkedEventRoutes } from './parked-events.ts';
import { snapshotRoutes } from './snapshots/routes.ts';
import { snapshotQueue } from './snapshots/snapshot-queue.ts';

/**
 * Routes for operators that every service has, mounted by the kernel. Tenant principals see and act on their own rows;
 * principals of the platform tenant see counts of all tenants and may act by them, never on a key or a payload.
 */
export function opsRoutes(parts: OpsParts): RoutePlugin[] {
  return [
    deadLetterReadRoutes(parts),
    deadLetterWriteRoutes(parts),
    bulkRedriveRoutes(parts),
    parkedEventRoutes(parts),
    consumerRoutes(parts),
    ...(Object.keys(parts.snapshots).length === 0 ? [] : [snapshotRoutes(parts)]),
    outboxRoutes(parts),
    jobReadRoutes(parts),
    jobWriteRoutes(parts),
    scheduleRoutes(parts),
  ];
}

/** The jobs of every service beside its own: what operators start, and the purges. */
export function opsJobs(parts: OpsParts): Required<JobDefinitions> {
  const { queue, schedule } = maintenance(parts);
  return { queues: [redriveQueue(parts), rebuildQueue(parts), snapshotQueue(parts), queue], schedules: [schedule] };
}
