import type { Metrics } from '@idp/telemetry';
import type { PlatformDoor } from '../platform-door.ts';
import type { EventTransport } from '../transport/transport.ts';
import { groupOf } from '../consumer/define-consumer.ts';
import { listBacklogs } from './consumer-states.ts';

/** Gauges that are measured when they are asked for: lag, parked events, dead letters. */
export function reportConsumers(
  metrics: Metrics,
  {
    consumers,
    transport,
    door,
    pausedPartitions,
  }: {
    consumers: readonly string[];
    transport: EventTransport;
    door: PlatformDoor;
    pausedPartitions: (consumer: string) => number;
  },
): void {
  if (consumers.length === 0) return;
  metrics.gauge(
    'event_consumer_lag_records',
    'Records a consumer has before it',
    ['consumer', 'topic', 'partition'],
    async function () {
      this.reset();
      for (const consumer of consumers) {
        for (const { topic, part, records } of await transport.lag(groupOf(consumer))) {
          this.set({ consumer, topic, partition: String(part) }, records);
        }
      }
    },
  );
  metrics.gauge('event_paused_partitions', 'Partitions an operator holds', ['consumer'], function () {
    for (const consumer of consumers) this.set({ consumer }, pausedPartitions(consumer));
  });
  const age = metrics.gauge('parked_oldest_age_seconds', 'Age of the oldest parked event', ['consumer']);
  const dead = metrics.gauge('dead_letters', 'Open dead letters', ['consumer']);
  metrics.gauge('parked_events', 'Events that wait', ['consumer'], async function () {
    const backlogs = await door.transaction((tx) => listBacklogs(tx.db, consumers), { readOnly: true });
    for (const { consumer, parked, oldestParkedSeconds, dead: letters } of backlogs) {
      this.set({ consumer }, parked);
      age.set({ consumer }, oldestParkedSeconds);
      dead.set({ consumer }, letters);
    }
  });
}
