import { decodeEvent, type EventType } from '@idp/contracts';
import type { ConsumedEvent } from './define-consumer.ts';
import type { Delivery } from './delivery.ts';

/** The event a handler gets. Throws DecodeError. */
export function toEvent(
  delivery: Pick<Delivery, 'record' | 'eventId' | 'tenantId' | 'key' | 'version' | 'type'>,
): ConsumedEvent {
  const { record, eventId, tenantId, key, version } = delivery;
  const { headers, value } = record;
  const type = delivery.type as EventType;
  return {
    id: eventId,
    type,
    producer: producerOf(record.topic),
    tenantId,
    aggregateId: key.slice(key.indexOf(':') + 1),
    version,
    time: headers['ce_time'] ?? '',
    subject: headers['ce_subject'],
    actor: headers['ce_actorid'],
    causationId: headers['ce_causationid'],
    correlationId: headers['ce_correlationid'] ?? eventId,
    snapshot: headers['ce_snapshot'] === 'true',
    data: decodeEvent(type, value ?? new Uint8Array()),
  } as ConsumedEvent;
}

/** Topics are named `idp.<service>.<aggregate>.v<n>`. */
function producerOf(topic: string): string {
  return topic.split('.')[1] ?? '';
}
