import type { DestinationStream, Logger } from 'pino';
import { createLogger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export interface TelemetrySettings {
  service: string;
  version: string;
  /** pino level: `trace debug info warn error fatal silent`. */
  level: string;
  /** Where lines go; standard output by default. */
  destination?: DestinationStream;
  /** Log field names allowed beside the common ones. */
  fields?: readonly string[];
}

/** Logger and metrics of one service; disposing it flushes the logger. */
export interface Telemetry extends AsyncDisposable {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Telemetry of one service: own logger, own metrics registry. */
export function createTelemetry(settings: TelemetrySettings): Telemetry {
  const metrics = createMetrics(settings.service);
  const redactions = metrics.counter('log_redactions_total', 'Secrets cut out of log lines');
  const logger = createLogger({ ...settings, onRedaction: (count) => redactions.inc(count) });
  return {
    logger,
    metrics,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => logger.flush(() => resolve()));
    },
  };
}
