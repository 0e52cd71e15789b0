import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Bucket bounds in seconds of every HTTP duration of the fleet. */
export const httpDurationBuckets: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10,
];

/** Metrics of one service. Asking twice for a name returns the same metric. Labels never hold ids or user text. */
export interface Metrics {
  readonly registry: Registry;
  counter<L extends string = string>(name: string, help: string, labelNames?: readonly L[]): Counter<L>;
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
      return collect === undefined ? new Gauge(settings) : new Gauge({ ...settings, collect });
    },
    histogram(name, help, labelNames = [], buckets = httpDurationBuckets) {
      const known = registry.getSingleMetric(name);
      if (known !== undefined) return known as Histogram<never>;
      return new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers });
    },
  };
}

/** Prometheus text of one or several registries; each metric's HELP and TYPE appear once. */
export async function renderMetrics(registries: readonly Registry[]): Promise<string> {
  const [only] = registries;
  if (only !== undefined && registries.length === 1) return only.metrics();
  const all = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
  return AggregatorRegistry.aggregate(all).metrics();
}
