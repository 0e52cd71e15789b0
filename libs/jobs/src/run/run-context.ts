import { formatTraceparent, newTraceContext, parseTraceparent, type OperationContext } from '@idp/telemetry';
import type { ClaimedJob } from '../store/claim.ts';

/** The context of one run: what it audits, emits and logs names the job as its cause and who asked for it. */
export function runContext(
  service: string,
  { id, tenantId, origin }: ClaimedJob,
  signal: AbortSignal,
): OperationContext {
  const trace = newTraceContext(parseTraceparent(origin?.traceparent));
  const context: OperationContext = {
    requestId: id,
    traceId: trace.traceId,
    spanId: trace.spanId,
    traceparent: formatTraceparent(trace),
    actor: `service:${service}`,
    tenantId,
    causationId: id,
    correlationId: origin?.correlationId ?? id,
    signal,
  };
  if (origin?.actor !== undefined) context.onBehalfOf = origin.actor;
  return context;
}
