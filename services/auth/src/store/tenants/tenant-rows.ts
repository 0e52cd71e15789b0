import type { Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { TenantStatus } from '../../domain/states.ts';
import type { TenantConfig } from '../../domain/tenant-config.ts';
import type { Tables, TenantsTable } from '../tables.ts';

const columns = [
  'id',
  'slug',
  'name',
  'status',
  'tier',
  'region',
  'config',
  'config_version as configVersion',
  'delete_after as deleteAfter',
  'version',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

export interface TenantRow {
  id: string;
  slug: string;
  name: string;
  status: TenantStatus;
  tier: string;
  region: string | null;
  config: TenantConfig;
  configVersion: number;
  deleteAfter: string | null;
  version: number;
  createdAt: string;
  updatedAt: string;
}

export async function findTenantRow(tx: Tx<Tables>, id: string): Promise<TenantRow | undefined> {
  const row = await named(tx.db, 'auth.tenant-row')
    .selectFrom('tenants')
    .select(columns)
    .where('id', '=', id)
    .executeTakeFirst();
  return row as TenantRow | undefined;
}

/** The row, which nobody else changes before the transaction ends. */
export async function lockTenantRow(tx: Tx<Tables>, id: string): Promise<TenantRow | undefined> {
  const row = await named(tx.db, 'auth.lock-tenant-row')
    .selectFrom('tenants')
    .select(columns)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row as TenantRow | undefined;
}

export async function saveTenantRow(tx: Tx<Tables>, id: string, change: Updateable<TenantsTable>): Promise<TenantRow> {
  const row = await named(tx.db, 'auth.save-tenant-row')
    .updateTable('tenants')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
  return row as TenantRow;
}

export interface TenantReceipt {
  service: string;
  preparedAt: string | null;
  purgedAt: string | null;
}

/** What services have said about the transaction's tenant. */
export async function listReceipts(tx: Tx<Tables>): Promise<TenantReceipt[]> {
  return named(tx.db, 'auth.tenant-receipts')
    .selectFrom('tenant_receipts')
    .select(['service', 'prepared_at as preparedAt', 'purged_at as purgedAt'])
    .where('tenant_id', '=', tx.tenantId)
    .orderBy('service')
    .execute();
}

/** Ids of tenants that are closed and whose time is over, or whose data is being erased. */
export async function listEndingTenants(tx: Tx<Tables>, now: Date): Promise<{ id: string; status: TenantStatus }[]> {
  const rows = await named(tx.db, 'auth.ending-tenants')
    .selectFrom('tenants')
    .select(['id', 'status'])
    .where((where) =>
      where.or([
        where.and([where('status', '=', 'deleting'), where('delete_after', '<=', now.toISOString())]),
        where('status', '=', 'purging'),
      ]),
    )
    .orderBy('id')
    .execute();
  return rows as { id: string; status: TenantStatus }[];
}
