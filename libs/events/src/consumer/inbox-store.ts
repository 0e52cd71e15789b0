import type { Tx } from '@idp/database';
import { sql, type RawBuilder } from 'kysely';

export type ConsumerTx = Tx<never>;
export type Outcome = 'applied' | 'skipped' | 'parked' | 'dead';

/** Marks events as dealt with and answers those that were not yet. A concurrent owner of the same events is waited for. */
export function inboxStatement(consumer: string, eventIds: readonly string[]): RawBuilder<{ event_id: string }> {
  return sql<{ event_id: string }>`
    insert into inbox (consumer, event_id, outcome)
    select ${consumer}, id, 'applied' from unnest(${eventIds}::uuid[]) id order by id
    on conflict do nothing returning event_id`;
}

/** Corrects the outcome of events that were not simply applied; leaves with COMMIT. */
export function setOutcome(tx: ConsumerTx, consumer: string, eventIds: readonly string[], outcome: Outcome): void {
  if (eventIds.length === 0) return;
  tx.withCommit(sql`
    update inbox set outcome = ${outcome}, processed_at = now()
    where tenant_id = ${tx.tenantId} and consumer = ${consumer} and event_id = any (${eventIds}::uuid[])`);
}
