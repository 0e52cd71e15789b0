import { startSpan, type Span } from '@idp/telemetry';
import type { OutgoingRecord } from '../transport/transport.ts';

/** A request may carry the events of many operations; so many of them see it in their traces. */
const spansMax = 20;

/** One span of a publish request for each operation whose trace is kept. */
export function startPublishSpans(topic: string, records: readonly OutgoingRecord[]): Span[] {
  const creations = new Set(records.map(({ headers }) => headers['ce_traceparent']));
  return [...creations].slice(0, spansMax).flatMap((creation) => {
    if (creation === undefined) return [];
    const attributes = {
      'messaging.operation.type': 'send',
      'messaging.destination.name': topic,
      'messaging.batch.message_count': records.length,
    };
    return startSpan({ name: `publish ${topic}`, kind: 'producer', creation, attributes }) ?? [];
  });
}
