export { newId, platformTenantId } from './ids.ts';
export { mayEmit, topicName } from './topic-registry.ts';
export type { Carries, EventTypeDefinition, PersonalData, TopicDefinition } from './topic-registry.ts';
export { eventTypes } from './generated/registry.ts';
export {
  decodeEvent,
  DecodeError,
  encodeEvent,
  eventBytesMax,
  findEventType,
  getEventType,
  topics,
  topicsOf,
  UnknownEventTypeError,
} from './events.ts';
export type { EventInit, EventMessage, EventType } from './events.ts';
export * from './generated/messages.ts';
export { create, toJson } from '@bufbuild/protobuf';
export { timestampDate, timestampFromDate, timestampNow } from '@bufbuild/protobuf/wkt';
