import { sql } from 'kysely';
import { platformTenantId } from '@idp/contracts';
import { named, type Database } from '@idp/database';

/** A tenant this service has prepared. */
export interface PreparedTenant {
  tenantId: string;
  slug: string;
}

/**
 * Customers' tenants whose background work may run, the first prepared one first; for services that declare `prepareTenant`.
 * Suspended and deleted tenants are left out, and so is the platform tenant.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
export async function activeTenants(database: Database<any>): Promise<PreparedTenant[]> {
  return (await preparedTenants(database))
    .filter(({ status, tenantId }) => status === 'active' && tenantId !== platformTenantId)
    .map(({ tenantId, slug }) => ({ tenantId, slug }));
}

/** Every tenant this service has prepared, in whatever state it is. */
// oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
export async function preparedTenants(database: Database<any>): Promise<(PreparedTenant & { status: string })[]> {
  const { rows } = await database.tenant(platformTenantId).read((tx) =>
    sql<PreparedTenant & { status: string }>`
      select tenant_id as "tenantId", slug, status from prepared_tenants()`.execute(named(tx.db, 'tenants.prepared')),
  );
  return rows;
}
