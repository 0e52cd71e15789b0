export type { DestinationStream, Logger } from 'pino';
export { Registry } from 'prom-client';
export { activeSpan, flushTraces, nameRoute, startSpan, type Span, type SpanRequest } from './active-span.ts';
export { currentContext, runInContext, type OperationContext } from './context.ts';
export { createMetrics, httpDurationBuckets, renderMetrics, type Metrics } from './metrics.ts';
export { collectProcessMetrics } from './process-metrics.ts';
export { safeText } from './redact.ts';
export { createTelemetry, type Telemetry, type TelemetrySettings } from './telemetry.ts';
export {
  acceptTracestate,
  formatTraceparent,
  newTraceContext,
  parseTraceparent,
  type TraceContext,
} from './trace-context.ts';
