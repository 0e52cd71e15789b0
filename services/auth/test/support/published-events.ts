import { decodeEvent, type EventMessage, type EventType } from '@idp/contracts';
import type pg from 'pg';

export interface PublishedEvent {
  id: string;
  type: string;
  tenantId: string;
  actor: string | undefined;
  sequence: number | undefined;
  payload: Buffer;
}

/** What auth has emitted, in any state of its way: a row leaves the outbox only after the bus holds it. */
async function publishedEvents(client: pg.Client): Promise<PublishedEvent[]> {
  const waiting = await client.query<Row>('select headers::text as headers, payload from auth.outbox');
  const onBus = await client.query<Row>('select headers, payload from bus.records where topic like $1', ['idp.auth.%']);
  const events = new Map<string, PublishedEvent>();
  for (const { headers, payload } of [...waiting.rows, ...onBus.rows]) {
    const read = JSON.parse(headers) as Record<string, string>;
    const sequence = read['ce_sequence'];
    events.set(read['ce_id']!, {
      id: read['ce_id']!,
      type: read['ce_type']!,
      tenantId: read['ce_tenantid']!,
      actor: read['ce_actorid'],
      sequence: sequence === undefined ? undefined : Number(sequence),
      payload,
    });
  }
  return [...events.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The events of one type, decoded, with their envelope. */
export async function eventsOfType<T extends EventType>(
  client: pg.Client,
  type: T,
): Promise<(PublishedEvent & { data: EventMessage<T> })[]> {
  const events = await publishedEvents(client);
  return events
    .filter((event) => event.type === type)
    .map((event) => ({ ...event, data: decodeEvent(type, event.payload) }));
}

interface Row {
  headers: string;
  payload: Buffer;
}
