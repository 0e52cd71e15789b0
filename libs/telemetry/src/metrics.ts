import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Bucket bounds in seconds of every HTTP duration of the fleet. */
export const httpDurationBuckets: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10,
];

/** Metrics of one service. Asking twice for a name returns the same metric. Labels never hold ids or user text. */
export interface Metrics {
  readonly registry: Registry;
  counter<L extends string = string>(name: string, help: string, labelNames?: readonly L[]): Counter<L>;
  /** `collect` sets values when they are asked for; those that cannot be had within 5 s are left out. */
  gauge<L extends string = string>(
    name: string,
    help: string,
    labelNames?: readonly L[],
    collect?: (this: Gauge<L>) => void | Promise<void>,
  ): Gauge<L>;
  histogram<L extends string = string>(
    name: string,
    help: string,
    labelNames?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>;
}

/** A registry of its own; every series carries the label `service`, so that registries of one process can be merged. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  const registers = [registry];
  return {
    registry,
    counter(name, help, labelNames = []) {
      const known = registry.getSingleMetric(name);
      return (
        (known as Counter<never> | undefined) ?? new Counter({ name, help, labelNames: [...labelNames], registers })
      );
    },
    gauge(name, help, labelNames = [], collect) {
      const known = registry.getSingleMetric(name);
      if (known !== undefined) return known as Gauge<never>;
      const settings = { name, help, labelNames: [...labelNames], registers };
      if (collect === undefined) return new Gauge(settings);
      const bounded = boundedCollect(collect as (this: Gauge) => void | Promise<void>, labelNames.length > 0);
      return new Gauge({ ...settings, collect: bounded });
    },
    histogram(name, help, labelNames = [], buckets = httpDurationBuckets) {
      const known = registry.getSingleMetric(name);
      if (known !== undefined) return known as Histogram<never>;
      return new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers });
    },
  };
}

/** Shorter than whoever scrapes waits. */
const collectMaxMs = 5_000;

/** What is measured may lie with a server that is away: all other metrics are wanted then above all. */
function boundedCollect(
  collect: (this: Gauge) => void | Promise<void>,
  hasLabels: boolean,
): (this: Gauge) => Promise<void> {
  let running: Promise<void> | undefined;
  return async function () {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('values came too late')), collectMaxMs);
    });
    try {
      // One that is late is waited for again, not begun a second time.
      running ??= Promise.resolve(collect.call(this)).finally(() => (running = undefined));
      await Promise.race([running, late]);
    } catch {
      running?.catch(() => undefined);
      // Without labels a reset would leave a zero, which says something.
      if (hasLabels) this.reset();
      else this.remove();
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Prometheus text of one or several registries; each metric's HELP and TYPE appear once. */
export async function renderMetrics(registries: readonly Registry[]): Promise<string> {
  const [only] = registries;
  if (only !== undefined && registries.length === 1) return only.metrics();
  const all = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
  return AggregatorRegistry.aggregate(all).metrics();
}
