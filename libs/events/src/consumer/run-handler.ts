import {
  formatTraceparent,
  newTraceContext,
  parseTraceparent,
  runInContext,
  startSpan,
  type OperationContext,
  type Span,
} from '@idp/telemetry';
import { HandlerFailure, HandlerTimeoutError } from './failure.ts';
import type { ConsumedEvent, HandlerContext } from './define-consumer.ts';

export interface HandlerRun {
  service: string;
  consumer: string;
  events: readonly ConsumedEvent[];
  /** Creation context of the first event: `ce_traceparent`. */
  traceparent: string | undefined;
  attempt: number;
  timeoutMs: number;
  signal: AbortSignal;
  /** Called with the time of every handler that came to an end. */
  observe: (type: string, seconds: number) => void;
}

/**
 * Runs a handler within its time, in a context that names the event as cause of whatever it does. Throws HandlerFailure.
 * A handler past its time goes on by itself but can commit nothing: its transaction is rolled back.
 */
export async function runHandler(
  run: HandlerRun,
  handler: (ctx: HandlerContext) => Promise<void> | void,
): Promise<void> {
  const { events, timeoutMs, attempt } = run;
  const eventId = events.length === 1 ? events[0]!.id : undefined;
  const ending = new AbortController();
  const signal = AbortSignal.any([run.signal, ending.signal]);
  const { promise: over, reject } = Promise.withResolvers<never>();
  const startedAt = performance.now();
  const timer = setTimeout(() => {
    const error = new HandlerTimeoutError(`the handler took longer than ${timeoutMs} ms`);
    reject(error);
    ending.abort(error);
  }, timeoutMs);
  const onAbort = (): void => reject(run.signal.reason);
  run.signal.addEventListener('abort', onAbort, { once: true });
  const span = spanOf(run);
  let failure: unknown;
  try {
    const call = () => runInContext(contextOf(run), async () => handler({ signal, attempt }));
    await Promise.race([span === undefined ? call() : span.run(call), over]);
  } catch (error) {
    failure = error;
    throw new HandlerFailure(eventId, error);
  } finally {
    span?.end(failure);
    run.observe(events[0]!.type, (performance.now() - startedAt) / 1000);
    clearTimeout(timer);
    run.signal.removeEventListener('abort', onAbort);
  }
}

/** The span of a handler lies below what created the event. */
function spanOf({ events, traceparent, consumer, attempt }: HandlerRun): Span | undefined {
  if (traceparent === undefined) return undefined;
  return startSpan({
    name: `process ${consumer}`,
    kind: 'consumer',
    creation: traceparent,
    attributes: {
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': consumer,
      'messaging.batch.message_count': events.length,
      'cloudevents.event_type': events[0]!.type,
      'idp.attempt': attempt,
    },
  });
}

function contextOf({ service, events, traceparent }: HandlerRun): OperationContext {
  const first = events[0]!;
  const trace = newTraceContext(parseTraceparent(traceparent));
  const context: OperationContext = {
    requestId: first.id,
    traceId: trace.traceId,
    spanId: trace.spanId,
    traceparent: formatTraceparent(trace),
    actor: `service:${service}`,
    tenantId: first.tenantId,
    causationId: first.id,
    correlationId: first.correlationId,
  };
  if (first.actor !== undefined) context.onBehalfOf = first.actor;
  return context;
}
