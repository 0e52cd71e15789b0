/** Starts servers on this machine without installing anything on it, and brings databases to this release. */
export { prepareDatabase, type PrepareDatabaseOptions } from './database/prepare-database.ts';
export { startPostgres, stopAbandonedPostgres, type PostgresOptions, type PostgresServer } from './postgres/server.ts';
export { preparePrivateFolder } from './private-folder.ts';
export { ToolError } from './tool-error.ts';
