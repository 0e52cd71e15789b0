import { sql } from 'kysely';
import { timestampFromDate } from '@idp/contracts';
import { eraseTenant, named, type Database, type Tx } from '@idp/database';
import { publish } from '@idp/events';
import { defineQueue, type AnyQueue, type QueueAddress } from '@idp/jobs';
import type { Secrets } from '@idp/secrets';
import { z } from 'zod';
import { tenantStatesFreshMs } from './tenant-states.ts';

/** The job that erases the tenant it is of. It is the last of that tenant. */
export const eraseQueueAddress: QueueAddress<Record<string, never>> = {
  name: 'erase-tenant',
  payload: z.strictObject({}),
};

/** Every process knows by then that the tenant is deleted, and what it had begun is over. */
export const erasureDelayMs = 3 * tenantStatesFreshMs;

const hourMs = 3_600_000;

export interface ErasureParts {
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>;
  secrets: Secrets;
  globalTables: boolean;
  /** Tables whose rows outlive the tenant, beside the list of tenants. */
  keep: readonly string[];
  /** Says in the last transaction what was erased. */
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  finish(tx: Tx<any>, erased: Readonly<Record<string, number>>): Promise<void>;
}

/** Deletes the rows of a tenant and forgets its data keys; repeated until it is done. The audit log stays as long as its retention says. */
export function eraseQueue({ database, secrets, globalTables, keep, finish }: ErasureParts): AnyQueue {
  return defineQueue<Record<string, never>>({
    ...eraseQueueAddress,
    concurrency: 1,
    timeoutMs: hourMs,
    attemptsMax: 100,
    async handler(job) {
      const { tenantId, signal } = job;
      // Its own row is the tenant's too; the tenant is remembered, so that it stays deleted.
      const erased = await eraseTenant(database, tenantId, {
        keep: ['jobs', 'tenants', ...keep],
        global: globalTables,
        signal,
      });
      await secrets.tenant(tenantId).destroy();
      await job.transaction(async (tx) => {
        const { numAffectedRows } = await sql`
          delete from jobs where tenant_id = ${tenantId} and queue <> ${eraseQueueAddress.name}`.execute(
          named((tx as unknown as Tx<unknown>).db, 'tenants.erase-jobs'),
        );
        const jobs = Number(numAffectedRows ?? 0n);
        await finish(tx, jobs === 0 ? erased : { ...erased, jobs });
      });
    },
  });
}

/** What a service that follows auth's tenants says when it has erased one. */
export async function tellPurged(
  tx: Tx<unknown>,
  erased: Readonly<Record<string, number>>,
  { service, now }: { service: string; now: Date },
): Promise<void> {
  // The name of a customer is not kept.
  await sql`update tenants set slug = ''`.execute(named(tx.db, 'tenants.forget-name'));
  publish(tx, {
    type: 'idp.common.v1.TenantPurged',
    aggregateId: tx.tenantId,
    data: {
      service,
      purgedAt: timestampFromDate(now),
      rowsByTable: Object.entries(erased).map(([table, rows]) => ({ table, rows: BigInt(rows) })),
    },
  });
  tx.audit({
    action: `${service}:tenant:purge`,
    resourceType: 'tenant',
    resourceId: tx.tenantId,
    after: { rowsByTable: erased },
  });
}
