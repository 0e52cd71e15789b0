import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** A tenant this service has prepared. */
export interface TenantRow {
  tenantId: string;
  slug: string;
  status: 'active' | 'suspended' | 'deleted';
}

/** Every tenant, the first prepared one first; works in a transaction of any tenant. */
export async function listTenants(tx: CatalogTx): Promise<TenantRow[]> {
  const { rows } = await sql<TenantRow>`select tenant_id as "tenantId", slug, status from prepared_tenants()`.execute(
    named(tx.db, 'catalog.tenants'),
  );
  return rows;
}

/** Keeps the newest state; false when a newer one is there. */
export async function upsertTenant(
  tx: CatalogTx,
  tenant: { slug: string; status: string; version: number },
): Promise<boolean> {
  const { rows } = await sql`
    insert into tenants (slug, status, version) values (${tenant.slug}, ${tenant.status}, ${tenant.version})
    on conflict (tenant_id) do update set slug = excluded.slug, status = excluded.status, version = excluded.version
    where tenants.version < excluded.version returning version`.execute(named(tx.db, 'catalog.upsert-tenant'));
  return rows.length > 0;
}
