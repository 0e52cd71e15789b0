import { timestampFromDate } from '@idp/contracts';
import { publish } from '@idp/events';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { insertHead } from '../store/changes.ts';
import { upsertTenant } from '../store/tenants.ts';

export interface TenantState {
  slug: string;
  version: number;
}

/** Makes what the catalog needs for a tenant and says so; an older or repeated word of the same tenant changes nothing. */
export async function prepareTenant(tx: CatalogTx, { slug, version }: TenantState): Promise<void> {
  const [news, created] = await Promise.all([upsertTenant(tx, { slug, status: 'active', version }), insertHead(tx)]);
  if (!news && !created) return;
  publish(tx, {
    type: 'idp.common.v1.TenantPrepared',
    aggregateId: tx.tenantId,
    data: { service: 'catalog', preparedAt: timestampFromDate(new Date()) },
  });
  tx.audit({ action: 'catalog:tenant:prepare', resourceType: 'tenant', resourceId: tx.tenantId, after: { slug } });
}
