import { platformTenantId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import type { PublishInput, SnapshotPage } from '@idp/events';
import { lockTenant } from '../store/tenants.ts';
import type { Tables } from '../store/tables.ts';
import { eventStatus } from './tenants/tenant-events.ts';

/** The tenant of the transaction as it stands, for services that want to hear of it again. The platform tenant is nobody's customer. */
export async function tenantStates(tx: Tx<Tables>, { after, ids }: SnapshotPage): Promise<PublishInput[]> {
  const { tenantId } = tx;
  if (tenantId === platformTenantId || after !== undefined || ids?.includes(tenantId) === false) return [];
  const tenant = await lockTenant(tx, tenantId);
  if (tenant === undefined) return [];
  const { slug, name, status, version, created_at: createdAt } = tenant;
  const data = { slug, name, status: eventStatus(status), createdAt: timestampFromDate(new Date(createdAt)) };
  if (status === 'purging' || status === 'deleted') {
    return [
      { type: 'idp.auth.v1.TenantDeleted', aggregateId: tenantId, version, data: { slug, name, status: data.status } },
    ];
  }
  return [{ type: 'idp.auth.v1.TenantCreated', aggregateId: tenantId, version, data }];
}
