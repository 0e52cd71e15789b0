// Preload of a traced process: `node --import @idp/telemetry/tracing src/main.ts`. Does nothing without a collector.
const endpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
if (endpoint !== undefined && endpoint !== '') {
  const { startTracing } = await import('./tracing/start-tracing.ts');
  await startTracing(process.env);
}

export {};
