/** Starts servers on this machine without installing anything on it, and brings databases to this release. */
export { cacheFolder } from './cached.ts';
export { prepareDatabase, type PrepareDatabaseOptions } from './database/prepare-database.ts';
export { findEnvoy, type EnvoyBinary } from './envoy/binary.ts';
export { startEnvoy, validateEnvoy, type EnvoyOptions, type EnvoyServer } from './envoy/server.ts';
export { freePort } from './free-port.ts';
export type { KafkaBroker } from './kafka/broker.ts';
export { startKafka, stopAbandonedKafka, type KafkaOptions, type KafkaServer } from './kafka/cluster.ts';
export type { KafkaSecurity } from './kafka/security.ts';
export { hasLiveOwner } from './owner-lock.ts';
export { startPostgres, stopAbandonedPostgres, type PostgresOptions, type PostgresServer } from './postgres/server.ts';
export { preparePrivateFolder } from './private-folder.ts';
export { createServerProcess, markProcess, stopMarked, type ServerProcess } from './server-process.ts';
export { startRedis, stopAbandonedRedis, type RedisOptions, type RedisServer } from './redis/server.ts';
export { prepareServiceKeys, type ServiceKeyFiles } from './service-keys.ts';
export { ToolError } from './tool-error.ts';
