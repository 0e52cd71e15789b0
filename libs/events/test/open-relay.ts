import { createMetrics } from '@idp/telemetry';
import { createWakeSignal, type EventTransport } from '../src/index.ts';
import { startRelay, type Relay } from '../src/outbox/relay.ts';
import { createRelayMetrics } from '../src/outbox/relay-metrics.ts';
import { createTopicHolds } from '../src/outbox/topic-holds.ts';
import { openRelayDoor, producer, type ServiceHandle } from './bench-database.ts';

export interface RelayInput {
  service: ServiceHandle;
  transport: EventTransport;
  /** Called where the relay may die. */
  failpoints?: (name: string) => void;
}

/** The relay of the producing service alone. */
export function openRelay({ service, transport, failpoints = () => undefined }: RelayInput): Relay {
  const door = openRelayDoor(service);
  const holds = createTopicHolds({ now: Date.now, random: Math.random });
  const metrics = createRelayMetrics(createMetrics(service.service), door, holds);
  const { logger } = service;
  const wake = createWakeSignal();
  const random = Math.random;
  return startRelay({ service: producer, door, transport, failpoints, holds, metrics, logger, wake, loops: 2, random });
}
