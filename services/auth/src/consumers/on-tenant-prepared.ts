import { timestampDate } from '@idp/contracts';
import { defineConsumer } from '@idp/events';
import { recordTenantReceipt } from '../operations/record-tenant-receipt.ts';

/** Services say when they are ready for a new tenant; the receipts show who is missing. */
export function onTenantPrepared(clock: () => Date) {
  return defineConsumer({
    name: 'auth.tenant-receipts',
    types: ['idp.common.v1.TenantPrepared'],
    ordering: 'none',
    async handle(tx, event) {
      const { service, preparedAt } = event.data;
      await recordTenantReceipt(tx, {
        service,
        preparedAt: preparedAt === undefined ? clock() : timestampDate(preparedAt),
      });
    },
  });
}
