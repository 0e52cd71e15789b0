import type { MigrationSource } from './source.ts';

/** Canonical functions, `audit_log` and `idempotency_keys`; the first source of every service. */
export const databaseMigrations: MigrationSource = {
  component: 'database',
  directory: new URL('../../migrations/', import.meta.url),
};
