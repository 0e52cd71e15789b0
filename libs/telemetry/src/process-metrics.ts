import { performance, PerformanceObserver } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

const sampleMs = 50;
const delayBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5];

/**
 * Metrics of the process: memory, CPU, garbage collection, event-loop delay and utilization. Called once per process,
 * on the registry of its host; dispose it at shutdown.
 */
export function collectProcessMetrics(metrics: Metrics): Disposable {
  memoryAndCpu(metrics);
  const stops = [eventLoop(metrics), garbageCollection(metrics)];
  return {
    [Symbol.dispose]() {
      for (const stop of stops) stop();
    },
  };
}

function memoryAndCpu(metrics: Metrics): void {
  metrics.gauge('process_resident_memory_bytes', 'Resident memory', [], function () {
    this.set(process.memoryUsage.rss());
  });
  metrics.gauge('nodejs_heap_size_used_bytes', 'Used heap of V8', [], function () {
    this.set(process.memoryUsage().heapUsed);
  });
  metrics
    .gauge('process_start_time_seconds', 'Start of the process, seconds since 1970')
    .set(performance.timeOrigin / 1000);
  metrics.gauge('process_cpu_seconds', 'CPU time of the process, user and system', [], function () {
    const { user, system } = process.cpuUsage();
    this.set((user + system) / 1e6);
  });
}

/**
 * Delay by how late a timer fires: a histogram that only grows, so that scrapes by several collectors agree (a
 * percentile that is reset at each scrape does not).
 */
function eventLoop(metrics: Metrics): () => void {
  const delay = metrics.histogram('nodejs_eventloop_delay_seconds', 'How late timers fire', [], delayBuckets);
  let last = performance.eventLoopUtilization();
  metrics.gauge(
    'nodejs_eventloop_utilization_ratio',
    'Busy share of the event loop since the last scrape',
    [],
    function () {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  );
  let due = performance.now() + sampleMs;
  const timer = setInterval(() => {
    const now = performance.now();
    delay.observe(Math.max(0, now - due) / 1000);
    due = now + sampleMs;
  }, sampleMs);
  timer.unref();
  return () => clearInterval(timer);
}

const gcKinds: Record<number, string> = { 1: 'minor', 2: 'minor', 4: 'major', 8: 'incremental', 16: 'weakcb' };

function garbageCollection(metrics: Metrics): () => void {
  const pauses = metrics.histogram('nodejs_gc_duration_seconds', 'Garbage collection', ['kind'], [0.001, 0.01, 0.1, 1]);
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = (entry as unknown as { detail?: { kind?: number } }).detail?.kind ?? 0;
      pauses.observe({ kind: gcKinds[kind] ?? 'other' }, entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}
