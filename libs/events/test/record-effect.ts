import type { Tx } from '@idp/database';
import type { ProbeTables } from './bench-database.ts';

/** Records an effect; without a unique key, so that a second one shows. */
export async function recordEffect(
  tx: Tx<ProbeTables>,
  consumer: string,
  event: { id: string; aggregateId: string; version: number | undefined },
): Promise<void> {
  const { id, aggregateId, version = null } = event;
  const row = { tenant_id: tx.tenantId, consumer, event_id: id, aggregate_id: aggregateId, version };
  await tx.db
    .insertInto('effects')
    .values(row as never)
    .execute();
}
