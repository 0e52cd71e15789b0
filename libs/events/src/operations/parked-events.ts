import { paginate, type Page, type PageRequest } from '@idp/database';
import { sql, type Kysely } from 'kysely';
import type { ConsumerTx } from '../consumer/inbox-store.ts';
import type { Environments } from './redrive.ts';

/** An event that waits, without its payload. Times are ISO 8601; `next_at` is `infinity` behind a dead letter. */
export interface ParkedSummary {
  consumer: string;
  key: string;
  event_id: string;
  sequence: number | null;
  topic: string;
  attempts: number;
  next_at: string;
  last_code: string;
  last_error: string;
  first_failed_at: string;
}

interface Tables {
  parked_events: ParkedSummary & { tenant_id: string };
}

export interface ParkedFilter {
  readonly consumer?: string | undefined;
  readonly key?: string | undefined;
}

/** What may be done about the parked events of a service, each in the tenant of its transaction. */
export interface ParkedEvents {
  /** Those that wait longest first. */
  list(
    tx: ConsumerTx,
    filter: ParkedFilter,
    page: Omit<PageRequest, 'sort' | 'direction'>,
  ): Promise<Page<ParkedSummary>>;
  /** Makes the first event of a key due now; false when nothing waits under the key. */
  retry(tx: ConsumerTx, place: { consumer: string; key: string }): Promise<boolean>;
}

export function createParkedEvents(environments: Environments): ParkedEvents {
  return {
    list(tx, { consumer, key }, page) {
      let query = (tx.db as unknown as Kysely<Tables>)
        .selectFrom('parked_events')
        .select(['consumer', 'key', 'event_id', 'sequence', 'topic', 'attempts', 'next_at', 'last_code', 'last_error'])
        .select('first_failed_at')
        .where('tenant_id', '=', tx.tenantId);
      if (consumer !== undefined) query = query.where('consumer', '=', consumer);
      if (key !== undefined) query = query.where('key', '=', key);
      return paginate(tx, query, { ...page, sort: [{ column: 'first_failed_at' }, { column: 'event_id' }] });
    },
    async retry(tx, { consumer, key }) {
      const { rows } = await sql`
        update parked_events p set next_at = now()
        where p.tenant_id = ${tx.tenantId} and p.consumer = ${consumer} and p.key = ${key}
          and not exists (select from parked_events e where e.tenant_id = p.tenant_id and e.consumer = p.consumer
            and e.key = p.key and e.event_id <> p.event_id
            and (coalesce(e.sequence, 0), e.first_failed_at, e.event_id) < (coalesce(p.sequence, 0), p.first_failed_at, p.event_id))
        returning p.event_id`.execute(tx.db);
      tx.afterCommit(() => environments.get(consumer)?.onParked(0));
      return rows.length > 0;
    },
  };
}
