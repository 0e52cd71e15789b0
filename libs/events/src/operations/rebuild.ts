import { findEventType } from '@idp/contracts';
import { NotFoundError, UnprocessableError } from '@idp/errors';
import { sql } from 'kysely';
import type { GroupConsumer } from '../consumer/define-consumer.ts';
import type { ConsumerTx } from '../consumer/inbox-store.ts';
import { requestSnapshots } from './snapshots.ts';

/** A consumer that can forget what it made. Throws NotFoundError, and UnprocessableError for one without `clear`. */
export function requireRebuildable(
  consumer: GroupConsumer | undefined,
): GroupConsumer & Required<Pick<GroupConsumer, 'clear'>> {
  if (consumer === undefined) throw new NotFoundError('this consumer does not exist');
  if (consumer.clear === undefined) throw new UnprocessableError('this consumer keeps no state that can be rebuilt');
  return consumer as GroupConsumer & Required<Pick<GroupConsumer, 'clear'>>;
}

/**
 * Makes a consumer begin anew in the tenant of the transaction: its cursors, parked events and open dead letters are gone, its
 * state is cleared, and the owners of `topics` are asked for theirs.
 */
export async function rebuildConsumer(
  tx: ConsumerTx,
  consumer: GroupConsumer,
  { topics, actor }: { topics: readonly string[]; actor: string },
): Promise<void> {
  const { name, clear } = requireRebuildable(consumer);
  const place = sql`tenant_id = ${tx.tenantId} and consumer = ${name}`;
  await sql`
    with gone as (delete from parked_events where ${place} returning event_id)
    update inbox set outcome = 'skipped', processed_at = now()
    where ${place} and event_id in (select event_id from gone)`.execute(tx.db);
  await sql`delete from stream_cursors where ${place}`.execute(tx.db);
  await sql`
    update dead_letters set status = 'discarded', closed_at = now(), closed_by = ${actor}, reason = 'rebuild'
    where ${place} and status = 'open'`.execute(tx.db);
  await clear(tx);
  for (const topic of topics) requestSnapshots(tx, { topic, requestedBy: name });
  tx.audit({ action: `${tx.service}:ops:rebuild`, resourceType: 'consumer', resourceId: name });
}

/** Whether a topic's messages hold the state of their aggregates: only these can be asked for again. */
export function carriesState(messages: readonly string[]): boolean {
  return messages.some((message) => findEventType(message)?.carries === 'state');
}
