import { sql } from 'kysely';
import type { Delivery, Problem } from './delivery.ts';
import type { ConsumerTx } from './inbox-store.ts';

/** Puts an event aside. `delayMs` undefined: until what stands before it is done. Leaves with COMMIT. */
export function parkEvent(
  tx: ConsumerTx,
  consumer: string,
  delivery: Delivery,
  { code, message, delayMs }: Problem & { delayMs: number | undefined },
): void {
  const { record, eventId, key, version } = delivery;
  const nextAt = delayMs === undefined ? sql`'infinity'` : sql`now() + ${delayMs} * interval '1 millisecond'`;
  tx.withCommit(sql`
    insert into parked_events (consumer, key, event_id, sequence, topic, part, "offset", headers, payload, next_at, last_code, last_error)
    values (${consumer}, ${key}, ${eventId}, ${version ?? null}, ${record.topic}, ${record.part}, ${record.offset},
      ${JSON.stringify(record.headers)}, ${record.value}, ${nextAt}, ${code}, ${message.slice(0, 2000)})
    on conflict do nothing`);
}

export interface ParkedRow {
  tenant_id: string;
  consumer: string;
  key: string;
  event_id: string;
  sequence: number | null;
  topic: string;
  part: number;
  offset: number;
  headers: string;
  payload: Buffer | null;
  attempts: number;
  last_code: string;
  /** Since the event was parked first. */
  waited_ms: number;
}

const columns = sql`tenant_id, consumer, key, event_id, sequence, topic, part, "offset", headers, payload, attempts, last_code,
  (extract(epoch from now() - first_failed_at) * 1000)::float8 as waited_ms`;

/** Locks a parked event as it was claimed; undefined when another has dealt with it. */
export async function lockParked(tx: ConsumerTx, claimed: ParkedRow): Promise<ParkedRow | undefined> {
  const { rows } = await sql<ParkedRow>`
    select ${columns} from parked_events
    where tenant_id = ${tx.tenantId} and consumer = ${claimed.consumer} and key = ${claimed.key}
      and event_id = ${claimed.event_id} and attempts = ${claimed.attempts} for update`.execute(tx.db);
  return rows[0];
}

export function deleteParked(tx: ConsumerTx, { consumer, key, event_id: id }: ParkedRow): void {
  tx.withCommit(sql`
    delete from parked_events
    where tenant_id = ${tx.tenantId} and consumer = ${consumer} and key = ${key} and event_id = ${id}`);
}

export function reschedule(
  tx: ConsumerTx,
  { consumer, key, event_id: id }: ParkedRow,
  { code, message, delayMs }: Problem & { delayMs: number | undefined },
): void {
  const nextAt = delayMs === undefined ? sql`'infinity'` : sql`now() + ${delayMs} * interval '1 millisecond'`;
  tx.withCommit(sql`
    update parked_events set next_at = ${nextAt}, last_code = ${code}, last_error = ${message.slice(0, 2000)}
    where tenant_id = ${tx.tenantId} and consumer = ${consumer} and key = ${key} and event_id = ${id}`);
}
