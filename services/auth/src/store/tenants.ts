import { sql, type Insertable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { TenantOfService } from '@idp/service';
import type { TenantStatus } from '../domain/states.ts';
import type { TenantOption } from '../domain/tenant-choice.ts';
import type { TenantConfig } from '../domain/tenant-config.ts';
import type { Tables, OrganizationsTable, TenantsTable } from './tables.ts';

export type TenantSummary = Pick<TenantOption, 'id' | 'slug' | 'name' | 'status'>;

/** Tenants the user is an active member of, in whatever state they are. */
export async function listTenantsOfUser(tx: Tx<Tables>, userId: string): Promise<TenantOption[]> {
  const rows = await named(tx.db, 'auth.tenants-of-user')
    .selectFrom('user_tenants')
    .innerJoin('tenants', 'tenants.id', 'user_tenants.tenant_id')
    .select([
      'tenants.id',
      'tenants.slug',
      'tenants.name',
      'tenants.status',
      'tenants.config',
      'user_tenants.last_used_at as lastUsedAt',
    ])
    .where('user_tenants.user_id', '=', userId)
    .where('user_tenants.status', '=', 'active')
    .orderBy('tenants.slug')
    .execute();
  return rows.map((row) => ({ ...row, status: row.status as TenantStatus, config: row.config as TenantConfig }));
}

export async function findTenant(tx: Tx<Tables>, id: string): Promise<TenantSummary | undefined> {
  const row = await named(tx.db, 'auth.tenant')
    .selectFrom('tenants')
    .select(['id', 'slug', 'name', 'status'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row as TenantSummary | undefined;
}

/** The same with its settings. */
export async function findConfiguredTenant(
  tx: Tx<Tables>,
  id: string,
): Promise<(TenantSummary & { config: TenantConfig }) | undefined> {
  const row = await named(tx.db, 'auth.configured-tenant')
    .selectFrom('tenants')
    .select(['id', 'slug', 'name', 'status', 'config'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row as (TenantSummary & { config: TenantConfig }) | undefined;
}

/** Settings of the active tenant of this slug or id. */
export async function findNamedConfig(tx: Tx<Tables>, slugOrId: string): Promise<TenantConfig | undefined> {
  const row = await named(tx.db, 'auth.config-by-name')
    .selectFrom('tenants')
    .select('config')
    .where((where) => where.or([where('slug', '=', slugOrId), where(sql<string>`id::text`, '=', slugOrId)]))
    .where('status', '=', 'active')
    .executeTakeFirst();
  return row?.config as TenantConfig | undefined;
}

/** The row of a tenant, which nobody else can change before the transaction ends. */
export async function lockTenant(tx: Tx<Tables>, id: string) {
  const row = await named(tx.db, 'auth.tenant-for-snapshot')
    .selectFrom('tenants')
    .select(['slug', 'name', 'status', 'version', 'created_at'])
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row && { ...row, status: row.status as TenantStatus };
}

const states: Readonly<Record<TenantStatus, TenantOfService['state']>> = {
  active: 'active',
  suspended: 'suspended',
  deleting: 'suspended',
  purging: 'deleted',
  deleted: 'deleted',
};

/** All tenants, the platform's among them, and what may be done for them. */
export async function listTenants(tx: Tx<Tables>): Promise<TenantOfService[]> {
  const rows = await named(tx.db, 'auth.tenant-ids')
    .selectFrom('tenants')
    .select(['id as tenantId', 'status'])
    .orderBy('id')
    .execute();
  return rows.map(({ tenantId, status }) => ({ tenantId, state: states[status as TenantStatus] }));
}

/** False when the id exists already. A taken slug is a conflict. */
export async function insertTenant(tx: Tx<Tables>, row: Insertable<TenantsTable>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await named(tx.db, 'auth.insert-tenant')
    .insertInto('tenants')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function insertOrganization(tx: Tx<Tables>, row: Insertable<OrganizationsTable>): Promise<void> {
  await named(tx.db, 'auth.insert-organization').insertInto('organizations').values(row).execute();
}

/** The receipt of one service for the transaction's tenant; the first time counts. */
export async function recordPrepared(tx: Tx<Tables>, service: string, preparedAt: Date): Promise<void> {
  await named(tx.db, 'auth.record-prepared')
    .insertInto('tenant_receipts')
    .values({ service, prepared_at: preparedAt.toISOString() })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'service']).doNothing())
    .execute();
}

/** The same for what a service has erased. */
export async function recordPurged(tx: Tx<Tables>, service: string, purgedAt: Date): Promise<void> {
  const at = purgedAt.toISOString();
  await named(tx.db, 'auth.record-purged')
    .insertInto('tenant_receipts')
    .values({ service, prepared_at: null, purged_at: at })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'service'])
        .doUpdateSet({ purged_at: at })
        .where('tenant_receipts.purged_at', 'is', null),
    )
    .execute();
}
