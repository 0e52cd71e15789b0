import { sql } from 'kysely';
import { timestampFromDate } from '@idp/contracts';
import { named, type Tx } from '@idp/database';
import { defineConsumer, publish, type ConsumerDefinition } from '@idp/events';

/** Makes what a service needs for a new tenant, in the transaction that records it; must be repeatable. */
// oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
export type PrepareTenant = (tx: Tx<any>, tenant: { slug: string }) => Promise<void>;

/**
 * Follows `idp.auth.tenant.v1` for a service: the row in `tenants`, the service's own preparation, `TenantPrepared` and the
 * audit row commit together. Ordering `latest`: each message holds the whole state, an older or repeated one changes nothing.
 */
export function tenantConsumer(service: string, prepare: PrepareTenant, clock: () => Date): ConsumerDefinition {
  return defineConsumer({
    name: `${service}.tenants`,
    types: ['idp.auth.v1.TenantCreated'],
    ordering: 'latest',
    // The rows stay, so that background work goes on: as version 0 each takes whatever snapshot comes.
    clear: forgetVersions,
    async handle(tx, event) {
      const { slug } = event.data;
      if (!(await saveTenant(tx, { slug, status: 'active', version: event.version ?? 1 }))) return;
      await prepare(tx, { slug });
      publish(tx, {
        type: 'idp.common.v1.TenantPrepared',
        aggregateId: tx.tenantId,
        data: { service, preparedAt: timestampFromDate(clock()) },
      });
      tx.audit({
        action: `${service}:tenant:prepare`,
        resourceType: 'tenant',
        resourceId: tx.tenantId,
        after: { slug },
      });
    },
  });
}

/** Keeps the newest state; false when it or a newer one is there. */
async function saveTenant(
  tx: Tx<unknown>,
  { slug, status, version }: { slug: string; status: string; version: number },
): Promise<boolean> {
  const { rows } = await sql`
    insert into tenants (slug, status, version) values (${slug}, ${status}, ${version})
    on conflict (tenant_id) do update set slug = excluded.slug, status = excluded.status, version = excluded.version
    where tenants.version < excluded.version returning version`.execute(named(tx.db, 'tenants.save'));
  return rows.length > 0;
}

async function forgetVersions(tx: Tx<unknown>): Promise<void> {
  await sql`update tenants set version = 0`.execute(named(tx.db, 'tenants.forget-versions'));
}
