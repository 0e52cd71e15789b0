/** Starts servers on this machine without installing anything on it. */
export { startPostgres, stopAbandonedPostgres, type PostgresOptions, type PostgresServer } from './postgres/server.ts';
export { ToolError } from './tool-error.ts';
