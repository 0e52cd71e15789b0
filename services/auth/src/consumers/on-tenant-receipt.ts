import { timestampDate } from '@idp/contracts';
import { defineConsumer } from '@idp/events';
import { recordPrepared, recordPurged } from '../store/tenants.ts';

/** Services say when they are ready for a new tenant and when they have erased one; the receipts show who is missing. */
export function onTenantReceipt(clock: () => Date) {
  return defineConsumer({
    name: 'auth.tenant-receipts',
    types: ['idp.common.v1.TenantPrepared', 'idp.common.v1.TenantPurged'],
    ordering: 'none',
    async handle(tx, event) {
      const { service } = event.data;
      if (event.type === 'idp.common.v1.TenantPurged') {
        const { purgedAt } = event.data;
        await recordPurged(tx, service, purgedAt === undefined ? clock() : timestampDate(purgedAt));
        return;
      }
      const { preparedAt } = event.data;
      await recordPrepared(tx, service, preparedAt === undefined ? clock() : timestampDate(preparedAt));
    },
  });
}
