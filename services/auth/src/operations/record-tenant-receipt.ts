import type { Tx } from '@idp/database';
import { recordPrepared } from '../store/tenants.ts';
import type { Tables } from '../store/tables.ts';

/** Keeps that a service is ready for the transaction's tenant; told twice, the first time stays. */
export async function recordTenantReceipt(
  tx: Tx<Tables>,
  receipt: { service: string; preparedAt: Date },
): Promise<void> {
  await recordPrepared(tx, receipt.service, receipt.preparedAt);
}
