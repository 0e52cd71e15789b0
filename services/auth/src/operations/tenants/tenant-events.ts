import { TenantStatus, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import type { TenantStatus as StoredStatus } from '../../domain/states.ts';
import type { Tables } from '../../store/tables.ts';
import type { TenantRow } from '../../store/tenants/tenant-rows.ts';

const statuses: Readonly<Record<StoredStatus, TenantStatus>> = {
  active: TenantStatus.ACTIVE,
  suspended: TenantStatus.SUSPENDED,
  deleting: TenantStatus.DELETING,
  purging: TenantStatus.DELETING,
  deleted: TenantStatus.DELETING,
};

/** A stored status as events name it. */
export function eventStatus(status: StoredStatus): TenantStatus {
  return statuses[status];
}

/** Tells the name, tier, region and settings a tenant has now. */
export function announceTenant(tx: Tx<Tables>, tenant: TenantRow, now: Date): void {
  const { id, slug, name, status, tier, region, config, configVersion, version } = tenant;
  publish(tx, {
    type: 'idp.auth.v1.TenantConfigChanged',
    aggregateId: id,
    version,
    data: {
      slug,
      name,
      status: eventStatus(status),
      tier,
      region: region ?? '',
      config: JSON.stringify(config),
      configVersion: BigInt(configVersion),
      changedAt: timestampFromDate(now),
    },
  });
}
