import { createTelemetry, type Telemetry } from '@idp/telemetry';

export interface TestTelemetry extends Telemetry {
  lines: Record<string, unknown>[];
  /** Value of one series, 0 where there is none; `labels` as Prometheus writes them. */
  count(metric: string, labels?: Record<string, string>): Promise<number>;
}

/** Telemetry whose lines and numbers a test reads. */
export function testTelemetry(): TestTelemetry {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const telemetry = createTelemetry({ service: 'demo', version: '1', level: 'info', destination });
  return {
    ...telemetry,
    lines,
    async count(metric, labels = {}) {
      const found = await telemetry.metrics.registry.getSingleMetric(metric)?.get();
      const wanted = Object.entries(labels);
      return (found?.values ?? [])
        .filter(({ labels: has }) => wanted.every(([name, value]) => (has as Record<string, string>)[name] === value))
        .reduce((sum, { value }) => sum + value, 0);
    },
  };
}
