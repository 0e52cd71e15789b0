import { withDuplicates } from '../outbox/chaos.ts';
import { createRelayMetrics } from '../outbox/relay-metrics.ts';
import { startRelay, type Relay } from '../outbox/relay.ts';
import { createTopicHolds, type TopicHolds } from '../outbox/topic-holds.ts';
import type { RuntimeParts } from './shared.ts';

export interface Producer {
  readonly holds: TopicHolds;
  start(): void;
  kick(): void;
  stop(deadlineMs: number): Promise<void>;
}

/** The relay with its metrics. */
export function createProducer(parts: RuntimeParts): Producer {
  const { service, door, wake, logger, failpoints, settings, random, now } = parts;
  const transport = withDuplicates(parts.transport, settings.chaosDuplicate, random);
  const holds = createTopicHolds({ now, random });
  const metrics = createRelayMetrics(parts.metrics, door, holds);
  let relay: Relay | undefined;
  return {
    holds,
    start() {
      const loops = settings.relayLoops;
      if (loops === 0) return;
      relay ??= startRelay({ service, door, transport, wake, logger, failpoints, holds, metrics, loops, random });
    },
    kick: () => relay?.kick(),
    async stop(deadlineMs) {
      await relay?.stop(deadlineMs);
      relay = undefined;
    },
  };
}
