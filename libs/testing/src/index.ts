/** Servers, databases, tokens and clients for tests. */
export { emptyDatabase, type EmptyDatabase } from './database/empty-database.ts';
