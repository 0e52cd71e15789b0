import { sql, type Kysely } from 'kysely';
import type { ParkedRow } from './parking-store.ts';

export interface ClaimRequest {
  /** Consumers that keep order. */
  ordered: readonly string[];
  unordered: readonly string[];
  limit: number;
  claimMs: number;
}

/**
 * Takes due events for one try: the head of each key (lowest version) where the consumer keeps order, any event elsewhere.
 * Committed before the try, so a crash leaves them to the next claim after `claimMs`.
 */
export async function claimParked(
  db: Kysely<never>,
  { ordered, unordered, limit, claimMs }: ClaimRequest,
): Promise<ParkedRow[]> {
  const { rows } = await sql<ParkedRow>`
    with due as (
      select p.tenant_id, p.consumer, p.key, p.event_id from parked_events p
      where p.consumer = any (${[...ordered, ...unordered]}) and p.next_at <= now()
        and (p.consumer = any (${unordered}) or not exists (
          select from parked_events e where e.tenant_id = p.tenant_id and e.consumer = p.consumer and e.key = p.key
            and e.event_id <> p.event_id
            and (coalesce(e.sequence, 0), e.first_failed_at, e.event_id) < (coalesce(p.sequence, 0), p.first_failed_at, p.event_id)))
      order by p.next_at limit ${limit} for update of p skip locked)
    update parked_events p set next_at = now() + ${claimMs} * interval '1 millisecond', attempts = p.attempts + 1
    from due d
    where p.tenant_id = d.tenant_id and p.consumer = d.consumer and p.key = d.key and p.event_id = d.event_id
    returning p.tenant_id, p.consumer, p.key, p.event_id, p.sequence, p.topic, p.part, p."offset", p.headers, p.payload, p.attempts,
      p.last_code, (extract(epoch from now() - p.first_failed_at) * 1000)::float8 as waited_ms`.execute(db);
  return rows;
}

export async function countDueParked(db: Kysely<never>, consumers: readonly string[]): Promise<number> {
  const { rows } = await sql<{ due: number }>`
    select count(*) as due from parked_events where consumer = any (${consumers}) and next_at <= now()`.execute(db);
  return rows[0]?.due ?? 0;
}
