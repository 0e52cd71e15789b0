/** What a failure of the client means for who asked. */
export type KafkaFailure =
  /** The brokers will never take it. */
  | 'refused'
  /** The topic is not there, or this service may not use it: somebody has to change that. */
  | 'unusable'
  /** Nothing answers. */
  | 'away'
  | 'other';

const refused = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);
const unusable = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);
const away = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSServerDoesNotSupportApiKey',
]);

/** Names and protocol types of an error and of what caused it: kafkajs wraps what the brokers answered. */
export function errorTypes(error: unknown): string[] {
  const types: string[] = [];
  for (let at: unknown = error; at instanceof Error && types.length < 16; at = at.cause) {
    types.push(at.name);
    if ('type' in at && typeof at.type === 'string') types.push(at.type);
    const { originalError } = at as { originalError?: unknown };
    if (originalError instanceof Error) types.push(...errorTypes(originalError));
  }
  return types;
}

export function classifyKafkaError(error: unknown): KafkaFailure {
  const types = errorTypes(error);
  if (types.some((type) => refused.has(type))) return 'refused';
  if (types.some((type) => unusable.has(type))) return 'unusable';
  return types.some((type) => away.has(type)) ? 'away' : 'other';
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
