import { create, fromBinary, toBinary, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { eventTypes } from './generated/registry.ts';
import { owningServices, topicsOwnedBy, type EventTypeDefinition, type TopicDefinition } from './topic-registry.ts';

/** Full proto name of a message that may be published, e.g. `idp.catalog.v1.EntityUpdated`. */
export type EventType = keyof typeof eventTypes;
/** What `publish` takes as data: every field optional, as in proto3. */
export type EventInit<T extends EventType> = MessageInitShape<(typeof eventTypes)[T]['schema']>;
/** A decoded message: every field present. */
export type EventMessage<T extends EventType> = MessageShape<(typeof eventTypes)[T]['schema']>;

/** Largest encoded message, in bytes: what is larger is never published, and not worth the time to read. */
export const eventBytesMax = 256 * 1024;

/** No message of this name is in proto/topics.yaml. */
export class UnknownEventTypeError extends Error {
  override readonly name = 'UnknownEventTypeError';
}

/** Bytes that are not a message of the type they claim. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly type: string;
  readonly reason: string;

  constructor(type: string, reason: string, options?: ErrorOptions) {
    super(`${type} cannot be decoded: ${reason}`, options);
    this.type = type;
    this.reason = reason;
  }
}

/** Every topic of the services that own messages, by name. */
export const topics: Readonly<Record<string, TopicDefinition>> = Object.fromEntries(
  owningServices(eventTypes).flatMap((service) => topicsOf(service).map((topic) => [topic.name, topic])),
);

/** The topics `service` owns; also for a service that has only the shared messages. */
export function topicsOf(service: string): readonly TopicDefinition[] {
  return topicsOwnedBy(eventTypes, service);
}

/** Row of a message in the registry, or undefined for a name that is not in it. */
export function findEventType(type: string): EventTypeDefinition | undefined {
  return Object.hasOwn(eventTypes, type) ? eventTypes[type as EventType] : undefined;
}

/** Row of a message in the registry. Throws {@link UnknownEventTypeError}. */
export function getEventType(type: string): EventTypeDefinition {
  const definition = findEventType(type);
  if (definition === undefined) throw new UnknownEventTypeError(`no event type ${type} in proto/topics.yaml`);
  return definition;
}

/** Protobuf bytes of a message (no envelope). Throws {@link UnknownEventTypeError}. */
export function encodeEvent<T extends EventType>(type: T, data: EventInit<T>): Uint8Array {
  const { schema } = getEventType(type);
  return toBinary(schema, create(schema, data as MessageInitShape<typeof schema>));
}

/**
 * The message in `bytes`. Fields this build does not know are kept, absent ones have their zero value. Bytes above
 * `eventBytesMax` are not looked at: ten megabytes of small fields would hold the process for seconds.
 * Throws {@link UnknownEventTypeError} and {@link DecodeError}, nothing else, for any bytes.
 */
export function decodeEvent<T extends EventType>(type: T, bytes: Uint8Array): EventMessage<T> {
  const { schema } = getEventType(type);
  if (bytes.byteLength > eventBytesMax) throw new DecodeError(type, `${bytes.byteLength} bytes are too many`);
  try {
    return fromBinary(schema, bytes) as EventMessage<T>;
  } catch (error) {
    throw new DecodeError(type, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
