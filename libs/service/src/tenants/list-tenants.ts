import { sql } from 'kysely';
import { platformTenantId } from '@idp/contracts';
import { named, type Database, type Tx } from '@idp/database';
import type { TenantOfService, TenantState } from './tenant-states.ts';

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
    .filter(({ state, tenantId }) => state === 'active' && tenantId !== platformTenantId)
    .map(({ tenantId, slug }) => ({ tenantId, slug }));
}

/** Every tenant this service has prepared, in whatever state it is. */
export async function preparedTenants(
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>,
): Promise<(PreparedTenant & TenantOfService)[]> {
  const { rows } = await database.tenant(platformTenantId).read((tx) =>
    sql<PreparedTenant & { state: TenantState }>`
      select tenant_id as "tenantId", slug, status as state from prepared_tenants()`.execute(
      named(tx.db, 'tenants.prepared'),
    ),
  );
  return rows;
}

/** Those that are not active; read in `tx` where there is one. */
export async function closedTenants(
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>,
  tx?: Tx<unknown>,
): Promise<TenantOfService[]> {
  const read = async ({ db }: Tx<unknown>): Promise<TenantOfService[]> => {
    const { rows } = await sql<TenantOfService>`
      select tenant_id as "tenantId", status as state from prepared_tenants() where status <> 'active'`.execute(
      named(db, 'tenants.closed'),
    );
    return rows;
  };
  return tx === undefined ? database.tenant(platformTenantId).read(read) : read(tx);
}
