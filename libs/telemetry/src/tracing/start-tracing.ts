import { register } from 'import-in-the-middle/register-hooks.mjs';
import { installTracing } from '../active-span.ts';
import { createStartSpan } from './start-span.ts';

const managementPaths = new Set(['/healthz', '/readyz', '/startupz', '/metrics', '/info']);
const headRatio = 0.1;

/**
 * Starts the OpenTelemetry SDK: spans of HTTP servers and clients, undici and PostgreSQL, exported by OTLP to
 * `OTEL_EXPORTER_OTLP_ENDPOINT`. `TRACE_SAMPLING=head` (default) keeps a tenth of the traces that begin here, all of them
 * outside production; `tail` exports all and leaves the choice to the collector. A parent's decision is kept.
 *
 * Runs before the modules it instruments are loaded, and imports the SDK only here: it costs 0.3 s and 35 MB.
 */
export async function startTracing(env: NodeJS.ProcessEnv): Promise<void> {
  register({ include: ['pg', 'pg-pool', 'undici', 'http', 'https', 'node:http', 'node:https'] });
  const [api, { NodeSDK }, sdkTrace, { OTLPTraceExporter }, instrumentations] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    createInstrumentations(),
  ]);
  const { AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } = sdkTrace;
  const { createSafeExporter } = await import('./safe-exporter.ts');
  const keepsAll = env['TRACE_SAMPLING'] === 'tail' || env['NODE_ENV'] !== 'production';
  // The processor takes its exporter by name; given the exporter itself it would export nothing, without a word.
  const processor = new BatchSpanProcessor({ exporter: createSafeExporter(new OTLPTraceExporter()) });
  const sdk = new NodeSDK({
    sampler: new ParentBasedSampler({
      root: keepsAll ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(headRatio),
    }),
    spanProcessors: [processor],
    instrumentations,
  });
  sdk.start();
  const { trace, isSpanContextValid } = api;
  installTracing({
    activeSpan() {
      const context = trace.getActiveSpan()?.spanContext();
      if (context === undefined || !isSpanContextValid(context)) return undefined;
      return { traceId: context.traceId, spanId: context.spanId, sampled: (context.traceFlags & 1) === 1 };
    },
    nameRoute(method, route) {
      trace.getActiveSpan()?.setAttribute('http.route', route).updateName(`${method} ${route}`);
    },
    startSpan: createStartSpan(api),
    flush: () => processor.forceFlush(),
  });
}

async function createInstrumentations() {
  const [{ HttpInstrumentation }, { PgInstrumentation }, { UndiciInstrumentation }] = await Promise.all([
    import('@opentelemetry/instrumentation-http'),
    import('@opentelemetry/instrumentation-pg'),
    import('@opentelemetry/instrumentation-undici'),
  ]);
  return [
    new HttpInstrumentation({
      ignoreIncomingRequestHook: (request) => managementPaths.has(request.url?.split('?')[0] ?? ''),
    }),
    new PgInstrumentation({ requireParentSpan: true }),
    new UndiciInstrumentation({ requireParentforSpans: true }),
  ];
}
