import {
  encodeEvent,
  eventBytesMax,
  getEventType,
  mayEmit,
  topicName,
  topicsOf,
  type EventInit,
  type EventType,
} from '@idp/contracts';
import { currentContext } from '@idp/telemetry';
import { partitionOf } from '../envelope/murmur2.ts';
import { recordKey } from '../envelope/headers.ts';
import { EventTooLargeError, ForeignTopicError, ReadOnlyTransactionError, VersionError } from '../errors.ts';
import { createEnvelope } from './envelope.ts';
import { outboxShards } from './shards.ts';
import type { EventTransaction } from './transaction.ts';

/** A fact in the past tense. `data.tenantId` is filled in with the transaction's tenant. */
export interface PublishInput<T extends EventType = EventType> {
  type: T;
  /** What the fact is about: with the tenant it is the key, the unit of order. */
  aggregateId: string;
  /** Version the aggregate's row has now; grows by exactly 1 per event. May be absent only for `carries: fact` messages. */
  version?: number | bigint;
  data: EventInit<T>;
  /** Resource path; default `<aggregate>/<aggregateId>`. */
  subject?: string;
  /** Id of the event or request that caused it; default from the operation's context. */
  causation?: string;
  /** Id shared by the whole chain; default from the operation's context. */
  correlation?: string;
  /** State that was emitted before and is emitted again: only consumers with `clear` get it. */
  snapshot?: boolean;
}

/** Versions used in a transaction that is still open; entries go with the transaction. */
const usedVersions = new WeakMap<EventTransaction, Set<string>>();

/**
 * Emits an event with the commit of `tx`: the row leaves in the last round trip and exists only if the transaction does.
 * Returns the event's id (UUIDv7). Throws UnknownEventTypeError, {@link ForeignTopicError}, {@link VersionError},
 * {@link EventTooLargeError}, {@link ReadOnlyTransactionError} or HeaderError; each must be left to end the transaction.
 */
export function publish<T extends EventType>(tx: EventTransaction, event: PublishInput<T>): string {
  if (tx.readOnly) throw new ReadOnlyTransactionError(`${event.type} published in a read-only transaction`);
  const definition = getEventType(event.type);
  if (!mayEmit(definition, tx.service)) {
    throw new ForeignTopicError(`${tx.service} may not emit ${event.type} on ${definition.topic}`);
  }
  const version = takeVersion(tx, event, definition.carries === 'state');
  const payload = encode(tx, event);
  const key = recordKey(tx.tenantId, event.aggregateId);
  const { id, headers } = createEnvelope({
    type: event.type,
    definition,
    service: tx.service,
    tenantId: tx.tenantId,
    aggregateId: event.aggregateId,
    key,
    version,
    subject: event.subject,
    causation: event.causation,
    correlation: event.correlation,
    snapshot: event.snapshot === true,
    context: currentContext(),
    time: new Date(),
  });
  append(tx, { eventId: id, topic: topicName(definition, tx.service), key, headers, payload });
  return id;
}

/**
 * Emits an empty value for `key` on a compacted topic: readers and the broker forget the key.
 * Throws {@link ForeignTopicError} for a topic that is not a compacted one of this service.
 */
export function publishTombstone(tx: EventTransaction, topic: string, aggregateId: string): void {
  if (tx.readOnly) throw new ReadOnlyTransactionError(`tombstone for ${topic} in a read-only transaction`);
  const owned = topicsOf(tx.service).find(({ name }) => name === topic);
  if (owned?.cleanup !== 'compact') throw new ForeignTopicError(`${topic} is no compacted topic of ${tx.service}`);
  const key = recordKey(tx.tenantId, aggregateId);
  const { id, headers } = createEnvelope({
    type: owned.messages[0]!,
    definition: getEventType(owned.messages[0]!),
    service: tx.service,
    tenantId: tx.tenantId,
    aggregateId,
    key,
    version: undefined,
    subject: undefined,
    causation: undefined,
    correlation: undefined,
    snapshot: false,
    context: currentContext(),
    time: new Date(),
  });
  append(tx, { eventId: id, topic, key, headers, payload: null });
}

interface OutboxEntry {
  eventId: string;
  topic: string;
  key: string;
  headers: Record<string, string>;
  payload: Uint8Array | null;
}

function append(tx: EventTransaction, entry: OutboxEntry): void {
  tx.beforeCommit('outbox', {
    tenant_id: tx.tenantId,
    shard: partitionOf(entry.key, outboxShards),
    event_id: entry.eventId,
    topic: entry.topic,
    key: entry.key,
    headers: JSON.stringify(entry.headers),
    payload:
      entry.payload === null
        ? null
        : Buffer.from(entry.payload.buffer, entry.payload.byteOffset, entry.payload.byteLength),
  });
}

function encode<T extends EventType>(tx: EventTransaction, event: PublishInput<T>): Uint8Array {
  const payload = encodeEvent(event.type, { ...event.data, tenantId: tx.tenantId } as EventInit<T>);
  if (payload.byteLength <= eventBytesMax) return payload;
  throw new EventTooLargeError(`${event.type} is ${payload.byteLength} bytes, the limit is ${eventBytesMax}`);
}

function takeVersion(tx: EventTransaction, event: PublishInput, required: boolean): number | undefined {
  if (event.version === undefined) {
    if (required) throw new VersionError(`${event.type} carries state and needs the aggregate's version`);
    return undefined;
  }
  const version = Number(event.version);
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new VersionError(`${event.type}: version ${event.version} is no positive integer`);
  }
  const used = usedVersions.get(tx) ?? new Set();
  usedVersions.set(tx, used);
  const mark = `${getEventType(event.type).topic} ${event.aggregateId} ${version}`;
  if (used.has(mark)) throw new VersionError(`version ${version} of ${event.aggregateId} was published twice`);
  used.add(mark);
  return version;
}
