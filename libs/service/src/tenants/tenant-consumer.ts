import { sql } from 'kysely';
import { TenantStatus, timestampFromDate } from '@idp/contracts';
import { named, type Tx } from '@idp/database';
import { defineConsumer, publish, type ConsumerDefinition } from '@idp/events';
import { enqueue } from '@idp/jobs';
import { eraseQueueAddress, erasureDelayMs } from './erase-queue.ts';
import type { TenantState } from './tenant-states.ts';

/** Makes what a service needs for a new tenant, in the transaction that records it; must be repeatable. */
// oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
export type PrepareTenant = (tx: Tx<any>, tenant: { slug: string }) => Promise<void>;

const states: Readonly<Record<TenantStatus, TenantState>> = {
  [TenantStatus.UNSPECIFIED]: 'active',
  [TenantStatus.ACTIVE]: 'active',
  [TenantStatus.SUSPENDED]: 'suspended',
  // Until it is over it may be restored.
  [TenantStatus.DELETING]: 'suspended',
};

/**
 * Follows `idp.auth.tenant.v1` for a service: the row in `tenants`, the service's own preparation, `TenantPrepared` and the
 * audit row commit together; a deleted tenant is erased by a job, which answers `TenantPurged`, and never comes back. Ordering `latest`: each
 * message holds the whole state, an older or repeated one changes nothing.
 */
export function tenantConsumer(service: string, prepare: PrepareTenant, clock: () => Date): ConsumerDefinition {
  return defineConsumer({
    name: `${service}.tenants`,
    types: [
      'idp.auth.v1.TenantCreated',
      'idp.auth.v1.TenantSuspended',
      'idp.auth.v1.TenantResumed',
      'idp.auth.v1.TenantDeletionScheduled',
      'idp.auth.v1.TenantRestored',
      'idp.auth.v1.TenantDeleted',
    ],
    ordering: 'latest',
    // The rows stay, so that background work goes on: as version 0 each takes whatever snapshot comes.
    clear: forgetVersions,
    async handle(tx, event) {
      const { slug, status } = event.data;
      const state = event.type === 'idp.auth.v1.TenantDeleted' ? 'deleted' : (states[status] ?? 'active');
      const saved = await saveTenant(tx, { slug, state, version: event.version ?? 1 });
      if (saved === undefined) return;
      const about = { resourceType: 'tenant', resourceId: tx.tenantId, after: { slug, status: state } };
      if (state === 'deleted') {
        await enqueue(tx, eraseQueueAddress, {}, { dedupKey: 'erase', delayMs: erasureDelayMs });
        tx.audit({ action: `${service}:tenant:close`, ...about });
        return;
      }
      // What is heard of first is not always how it began.
      if (!saved.made && event.type !== 'idp.auth.v1.TenantCreated') {
        tx.audit({ action: `${service}:tenant:follow`, ...about });
        return;
      }
      await prepare(tx, { slug });
      publish(tx, {
        type: 'idp.common.v1.TenantPrepared',
        aggregateId: tx.tenantId,
        data: { service, preparedAt: timestampFromDate(clock()) },
      });
      tx.audit({ action: `${service}:tenant:prepare`, ...about });
    },
  });
}

/** Keeps the newest state; undefined when it or a newer one is there, and for a tenant that has been deleted. */
async function saveTenant(
  tx: Tx<unknown>,
  { slug, state, version }: { slug: string; state: TenantState; version: number },
): Promise<{ made: boolean } | undefined> {
  const { rows } = await sql<{ made: boolean }>`
    insert into tenants (slug, status, version) values (${slug}, ${state}, ${version})
    on conflict (tenant_id) do update set slug = excluded.slug, status = excluded.status, version = excluded.version
    where tenants.version < excluded.version and tenants.status <> 'deleted'
    returning xmax = 0 as made`.execute(named(tx.db, 'tenants.save'));
  return rows[0];
}

async function forgetVersions(tx: Tx<unknown>): Promise<void> {
  await sql`update tenants set version = 0`.execute(named(tx.db, 'tenants.forget-versions'));
}
