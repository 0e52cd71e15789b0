import type { Metrics } from '@idp/telemetry';
import type { PlatformDoor } from '../platform-door.ts';
import { measureOutbox } from './outbox-store.ts';
import type { TopicHolds } from './topic-holds.ts';

export interface RelayMetrics {
  published: { inc(labels: { topic: string }, value: number): void };
  publishSeconds: { observe(value: number): void };
  refused: { inc(): void };
}

/** Metrics of the producing side. Depth and age are measured when they are asked for. */
export function createRelayMetrics(metrics: Metrics, door: PlatformDoor, holds: TopicHolds): RelayMetrics {
  const age = metrics.gauge('outbox_oldest_age_seconds', 'Age of the oldest event not yet published');
  metrics.gauge('outbox_pending', 'Events not yet published', [], async function () {
    const depth = await door.transaction((tx) => measureOutbox(tx.db), { readOnly: true });
    this.set(depth.pending);
    age.set(depth.oldestAgeSeconds);
  });
  metrics.gauge('outbox_held_topics', 'Topics that failed and wait', [], function () {
    this.set(holds.topics.length);
  });
  return {
    published: metrics.counter('outbox_published_total', 'Events acknowledged by the transport', ['topic']),
    publishSeconds: metrics.histogram('outbox_publish_duration_seconds', 'Time of one publish request'),
    refused: metrics.counter('outbox_refused_total', 'Events the transport will never take'),
  };
}
