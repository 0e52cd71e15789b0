import type { MigrationSource } from '@idp/database';

/** Jobs and schedules, in the schema of every service. */
export const jobsMigrations: MigrationSource = {
  component: 'jobs',
  directory: new URL('../migrations/', import.meta.url),
};
