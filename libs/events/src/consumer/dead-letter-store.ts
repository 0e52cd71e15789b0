import { newId } from '@idp/contracts';
import { sql } from 'kysely';
import { createHash } from 'node:crypto';
import { v5 } from 'uuid';
import type { Delivery, Problem } from './delivery.ts';
import { fingerprint } from './failure.ts';
import type { ConsumerTx } from './inbox-store.ts';

const payloadBytesMax = 1024 * 1024;
const payloadBytesCut = 64 * 1024;

export interface DeadLetterInput {
  consumer: string;
  delivery: Delivery;
  problem: Problem;
  attempts: number;
  /** Time since the first failure, in milliseconds. */
  sinceMs: number;
}

/** Keeps an event that failed for good, with its original bytes. Leaves with COMMIT. */
export function insertDeadLetter(
  tx: ConsumerTx,
  { consumer, delivery, problem, attempts, sinceMs }: DeadLetterInput,
): void {
  const { record, eventId, key, type, version } = delivery;
  const { value } = record;
  const bytes = value?.byteLength ?? 0;
  const cut = value !== null && bytes > payloadBytesMax;
  const payload = cut ? value.subarray(0, payloadBytesCut) : value;
  const digest = cut ? createHash('sha256').update(value).digest() : null;
  // An event without an id of its own got one from its place: with it redelivery finds the first letter of this consumer.
  const id = problem.code === 'ENVELOPE_INVALID' ? v5(consumer, eventId) : newId();
  tx.withCommit(sql`
    insert into dead_letters (id, consumer, topic, part, "offset", type, key, sequence, event_id, headers, payload, payload_bytes,
      payload_sha256, error_code, message, fingerprint, attempts, first_at)
    values (${id}, ${consumer}, ${record.topic}, ${record.part}, ${record.offset}, ${type ?? null}, ${key}, ${version ?? null},
      ${eventId}, ${JSON.stringify(record.headers)}, ${payload}, ${bytes}, ${digest}, ${problem.code},
      ${problem.message.slice(0, 2000)}, ${fingerprint(consumer, type, problem)}, ${attempts},
      now() - ${sinceMs} * interval '1 millisecond')
    on conflict do nothing`);
}
