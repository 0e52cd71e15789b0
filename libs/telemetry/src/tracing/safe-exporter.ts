import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { safeText } from '../redact.ts';

/** Attributes a span may carry: nothing a user typed, no address of a caller, no query values. */
const allowed = new Set([
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'url.scheme',
  'server.address',
  'server.port',
  'network.protocol.version',
  'db.system',
  'db.system.name',
  'db.name',
  'db.namespace',
  'db.operation.name',
  'db.query.text',
  'db.statement',
  'messaging.system',
  'messaging.destination.name',
  'messaging.operation.type',
  'messaging.consumer.group.name',
  'messaging.batch.message_count',
  'cloudevents.event_type',
  'idp.attempt',
  'error.type',
]);
// Names of older semantic conventions that instrumentations still write beside the new ones.
const renamed = new Set(['http.method', 'http.status_code', 'http.scheme', 'net.host.port', 'net.peer.port']);
const textMax = 1024;

/** Passes spans on with allow-listed attributes only; status messages and exception texts lose their secrets. */
export function createSafeExporter(exporter: SpanExporter): SpanExporter {
  return {
    export(spans, done) {
      for (const span of spans) clean(span);
      exporter.export(spans, done);
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function clean(span: ReadableSpan): void {
  keepAllowed(span.attributes, (name) => allowed.has(name) || renamed.has(name));
  for (const event of span.events) keepAllowed(event.attributes ?? {}, (name) => name === 'exception.type');
  const { status } = span;
  if (status.message !== undefined) status.message = safeText(status.message, textMax);
}

function keepAllowed(attributes: Record<string, unknown>, isAllowed: (name: string) => boolean): void {
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (!isAllowed(name)) delete attributes[name];
    else if (typeof value === 'string') attributes[name] = safeText(value, textMax);
  }
}
