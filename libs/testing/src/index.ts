/** Servers, databases, tokens and clients for tests. */
export { emptyDatabase, type EmptyDatabase } from './database/empty-database.ts';
export { testDatabase, type ServiceUrls, type TestDatabase } from './database/test-database.ts';
