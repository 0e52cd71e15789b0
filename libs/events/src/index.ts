export { murmur2, partitionOf } from './envelope/murmur2.ts';
export type { RecordHeaders } from './envelope/headers.ts';
export {
  EventConfigurationError,
  EventTooLargeError,
  ForeignTopicError,
  HeaderError,
  ReadOnlyTransactionError,
  RedriveFailure,
  RetryLater,
  VersionError,
} from './errors.ts';
export { createFailpoints, type Failpoints } from './failpoints.ts';
export type { BeatInput } from './outbox/beat.ts';
export { publish, publishTombstone, type PublishInput } from './outbox/publish.ts';
export type { EventTransaction } from './outbox/transaction.ts';
export {
  defineConsumer,
  groupOf,
  type ConsumedEvent,
  type ConsumerDefinition,
  type GroupConsumer,
  type HandlerContext,
  type InstanceConsumer,
  type Ordering,
} from './consumer/define-consumer.ts';
export { defaultTiming, type ConsumerTiming } from './consumer/timing.ts';
export { deleteLatest, upsertLatest } from './consumer/latest.ts';
export { createEventRuntime, type EventRuntime, type EventRuntimeOptions } from './runtime/runtime.ts';
export { openInstances, type OpenInstances } from './runtime/open-instances.ts';
export type { DeadLetters, RedriveOutcome } from './operations/dead-letters.ts';
export type { ConsumerDetail, ConsumerOperations } from './operations/consumers.ts';
export type { OutboxView } from './operations/outbox-view.ts';
export type { ParkedEvents, ParkedSummary } from './operations/parked-events.ts';
export { purgeBus, purgeDeadLetters, purgeInbox } from './operations/purge.ts';
export {
  checkSnapshotSources,
  emitSnapshots,
  requestSnapshots,
  type SnapshotPage,
  type SnapshotSource,
  type SnapshotSources,
} from './operations/snapshots.ts';
export { readPayload } from './operations/payload.ts';
export type { DeadLetterFilter, DeadLetterRow, DeadLetterSummary } from './operations/dead-letter-rows.ts';
export type { ConsumerStatus, EventStatus } from './runtime/status.ts';
export { auditSink } from './runtime/audit-sink.ts';
export type * from './transport/transport.ts';
export { createWakeSignal, type WakeSignal } from './transport/wake-signal.ts';
export { createPostgresTransport, type PostgresTransportOptions } from './postgres/transport.ts';
export { bootstrapBus, type BootstrapBusOptions } from './postgres/bootstrap-bus.ts';
export { busMigrations, eventsMigrations } from './migrations.ts';
export { createKafkaTransport, type KafkaTransportOptions } from './kafka/transport.ts';
export { kafkaSettings, kafkaVariables, type KafkaSettings } from './kafka/settings.ts';
export { prepareKafkaTopics, type PrepareTopicsOptions } from './kafka/topics.ts';
export { kafkaAclsOf, prepareKafkaAcls, type KafkaAcl, type PrepareAclsOptions } from './kafka/acls.ts';
