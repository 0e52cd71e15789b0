import type { Metrics } from '@idp/telemetry';
import type { Result } from './apply-tenant.ts';

export interface ConsumerMetrics {
  handled(consumer: string, results: readonly Result[]): void;
  /** Takes the times of one consumer's handlers. */
  handlerTime(consumer: string): (type: string, seconds: number) => void;
  retries: { inc(labels: { consumer: string; class: string }): void };
}

const ageBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];

/** Metrics of the consuming side that are counted as it happens. No tenant is a label. */
export function createConsumerMetrics(metrics: Metrics, now: () => number): ConsumerMetrics {
  const ages = metrics.histogram(
    'event_age_seconds',
    'Age of an event when its effect is committed',
    ['consumer', 'type'],
    ageBuckets,
  );
  const outcomes = metrics.counter('event_outcomes_total', 'What became of events', ['consumer', 'outcome']);
  const durations = metrics.histogram('event_handler_duration_seconds', 'Time of a handler', ['consumer', 'type']);
  return {
    handlerTime: (consumer) => (type, seconds) => durations.observe({ consumer, type }, seconds),
    retries: metrics.counter('event_retries_total', 'Failed tries by class', ['consumer', 'class']),
    handled(consumer, results) {
      for (const [outcome, list] of Map.groupBy(results, (result) => result.outcome)) {
        outcomes.inc({ consumer, outcome }, list.length);
      }
      for (const { delivery, outcome } of results) {
        if (outcome !== 'applied' || delivery.event === undefined) continue;
        const createdAt = Date.parse(delivery.event.time);
        if (!Number.isNaN(createdAt)) ages.observe({ consumer, type: delivery.event.type }, (now() - createdAt) / 1000);
      }
    },
  };
}
