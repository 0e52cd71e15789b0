import type * as openTelemetry from '@opentelemetry/api';
import type { SpanContext } from '@opentelemetry/api';
import type { Span, SpanRequest } from '../active-span.ts';
import { parseTraceparent } from '../trace-context.ts';

/** Spans of asynchronous work, below the span that caused it and with a link to it. */
export function createStartSpan({
  trace,
  context,
  SpanKind,
  SpanStatusCode,
  ROOT_CONTEXT,
}: typeof openTelemetry): (request: SpanRequest) => Span {
  const tracer = trace.getTracer('idp.events');
  return ({ name, kind, creation, attributes }) => {
    const parent = spanContextOf(creation);
    const below = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const span = tracer.startSpan(
      name,
      {
        kind: kind === 'producer' ? SpanKind.PRODUCER : SpanKind.CONSUMER,
        attributes,
        links: parent === undefined ? [] : [{ context: parent }],
      },
      below,
    );
    return {
      run: (work) => context.with(trace.setSpan(below, span), work),
      end(error) {
        if (error !== undefined) {
          span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      },
    };
  };
}

function spanContextOf(traceparent: string): SpanContext | undefined {
  const parsed = parseTraceparent(traceparent);
  if (parsed === undefined) return undefined;
  return { traceId: parsed.traceId, spanId: parsed.spanId, traceFlags: parsed.sampled ? 1 : 0, isRemote: true };
}
