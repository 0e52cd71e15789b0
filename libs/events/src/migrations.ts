import type { MigrationSource } from '@idp/database';

/** Outbox, inbox, cursors, parked events and dead letters, in the schema of every service. */
export const eventsMigrations: MigrationSource = {
  component: 'events',
  directory: new URL('../migrations/', import.meta.url),
};

/** The schema `bus`; applied by `bootstrapBus`. */
export const busMigrations: MigrationSource = {
  component: 'bus',
  directory: new URL('../migrations-bus/', import.meta.url),
};
