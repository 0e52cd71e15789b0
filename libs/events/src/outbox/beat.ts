import { encodeEvent, getEventType, platformTenantId, topicName, type EventInit, type EventType } from '@idp/contracts';
import { recordKey } from '../envelope/headers.ts';
import { ForeignTopicError } from '../errors.ts';
import type { PlatformDoor } from '../platform-door.ts';
import type { EventTransport } from '../transport/transport.ts';
import { createEnvelope } from './envelope.ts';
import { measureWaiting } from './outbox-store.ts';

export interface BeatInput<T extends EventType = EventType> {
  type: T;
  data: EventInit<T>;
  /** Nothing of these topics may have waited in the outbox this long, in milliseconds. */
  quiet: { topics: readonly string[]; ms: number };
}

export interface BeatOptions {
  service: string;
  door: PlatformDoor;
  transport: EventTransport;
}

/**
 * Sends a record in the platform tenant that says that its sender is alive and carries no state: straight to the transport, so that it
 * never stands behind what waits. False where something has waited for too long, or the transport did not take it. Throws
 * {@link ForeignTopicError} for a topic that is not marked `beats` or not of this service.
 */
export async function sendBeat<T extends EventType>(
  { service, door, transport }: BeatOptions,
  { type, data, quiet }: BeatInput<T>,
  signal: AbortSignal,
): Promise<boolean> {
  const definition = getEventType(type);
  if (!definition.beats || definition.owner !== service) {
    throw new ForeignTopicError(`${service} sends no beats on ${definition.topic}`);
  }
  const waited = await door.transaction((tx) => measureWaiting(tx.db, quiet.topics), { readOnly: true });
  if (waited >= quiet.ms) return false;
  const topic = topicName(definition, service);
  const [tenantId, aggregateId] = [platformTenantId, 'beat'];
  const key = recordKey(tenantId, aggregateId);
  const { headers } = createEnvelope({
    type,
    definition,
    service,
    tenantId,
    aggregateId,
    key,
    version: undefined,
    subject: undefined,
    causation: undefined,
    correlation: undefined,
    snapshot: false,
    context: undefined,
    time: new Date(),
  });
  const value = encodeEvent(type, { ...data, tenantId } as EventInit<T>);
  const outcomes = await transport.publish([{ topic, key, headers, value }], signal);
  return outcomes.get(topic)?.status === 'ok';
}
