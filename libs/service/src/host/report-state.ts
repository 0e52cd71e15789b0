import { collectProcessMetrics, type Metrics } from '@idp/telemetry';

/** What every process of the platform tells of itself: `service_ready`, `service_info` and the state of the process. */
export interface ReportedState extends Disposable {
  /** To be called when the process takes requests. Answers the seconds since it began, which are told, too. */
  started(): number;
}

export function reportState(metrics: Metrics, options: { version: string; isReady: () => boolean }): ReportedState {
  const { version, isReady } = options;
  const ready = metrics.gauge('service_ready', '1 while the service takes requests', [], function () {
    this.set(isReady() ? 1 : 0);
  });
  ready.set(0);
  metrics.gauge('service_info', 'Release', ['version']).set({ version }, 1);
  const collecting = collectProcessMetrics(metrics);
  return {
    started() {
      const seconds = process.uptime();
      metrics.gauge('process_start_to_ready_seconds', 'From process start to ready').set(seconds);
      return Math.round(seconds * 1000) / 1000;
    },
    [Symbol.dispose]: () => collecting[Symbol.dispose](),
  };
}
