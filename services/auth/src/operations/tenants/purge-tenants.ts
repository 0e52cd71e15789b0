import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import { enqueue } from '@idp/jobs';
import { eraseQueueAddress } from '@idp/service';
import type { AuthContext } from '../../context.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { recordPurged } from '../../store/tenants.ts';
import { listEndingTenants, listReceipts, lockTenantRow, saveTenantRow } from '../../store/tenants/tenant-rows.ts';
import { currentActor } from '../acting.ts';
import { forgetAccess } from './forget-access.ts';
import { eventStatus } from './tenant-events.ts';

type Ctx = Pick<AuthContext, 'database' | 'clock' | 'access'>;

/**
 * Takes every ending tenant one step on: the data of one whose time is over is erased, here by a job and elsewhere by whoever hears
 * `TenantDeleted`; one that every service has erased is gone, and its slug is free.
 */
export async function purgeTenants(ctx: Ctx, { signal }: { signal: AbortSignal }): Promise<void> {
  const ending = await ctx.database.global.read((tx) => listEndingTenants(tx, ctx.clock()));
  for (const { id, status } of ending) {
    signal.throwIfAborted();
    const step = status === 'deleting' ? beginPurge : endPurge;
    await ctx.database.tenant(id).write((tx) => step(tx, ctx), { global: true, signal });
  }
}

async function beginPurge(tx: Tx<Tables>, ctx: Ctx): Promise<void> {
  const now = ctx.clock();
  const before = await lockTenantRow(tx, tx.tenantId);
  // Restored meanwhile.
  if (before?.status !== 'deleting' || before.deleteAfter === null || Date.parse(before.deleteAfter) > now.getTime())
    return;
  const after = await saveTenantRow(tx, tx.tenantId, { status: 'purging', ...updatedStamps(currentActor(), now) });
  const { id, slug, name, version } = after;
  publish(tx, {
    type: 'idp.auth.v1.TenantDeleted',
    aggregateId: id,
    version,
    data: { slug, name, status: eventStatus('purging'), deletedAt: timestampFromDate(now) },
  });
  await enqueue(tx, eraseQueueAddress, {}, { dedupKey: 'erase' });
  tx.audit({
    action: 'auth:tenant:purge',
    resourceType: 'tenant',
    resourceId: id,
    before: { status: 'deleting' },
    after: { status: 'purging' },
  });
}

async function endPurge(tx: Tx<Tables>, ctx: Ctx): Promise<void> {
  const before = await lockTenantRow(tx, tx.tenantId);
  const receipts = await listReceipts(tx);
  const missing = receipts.some(({ purgedAt }) => purgedAt === null);
  if (before?.status !== 'purging' || missing || !receipts.some(({ service }) => service === 'auth')) return;
  await saveTenantRow(tx, tx.tenantId, {
    status: 'deleted',
    slug: `deleted-${tx.tenantId}`,
    name: 'Deleted tenant',
    config: '{}',
    ...updatedStamps(currentActor(), ctx.clock()),
  });
  await forgetAccess(tx, ctx);
  tx.audit({
    action: 'auth:tenant:end',
    resourceType: 'tenant',
    resourceId: tx.tenantId,
    before: { status: 'purging' },
    after: { status: 'deleted' },
  });
}

/** Called in the last transaction of the job that has erased a tenant here. */
export function tenantErased({ clock }: Pick<AuthContext, 'clock'>) {
  return async (tx: Tx<Tables>, rowsByTable: Readonly<Record<string, number>>): Promise<void> => {
    await recordPurged(tx, 'auth', clock());
    tx.audit({ action: 'auth:tenant:erase', resourceType: 'tenant', resourceId: tx.tenantId, after: { rowsByTable } });
  };
}
