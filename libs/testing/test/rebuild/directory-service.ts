import { sql } from 'kysely';
import { z } from 'zod';
import { defineConsumer, upsertLatest, type ConsumerDefinition } from '@idp/events';
import { defineService, type AnyService } from '@idp/service';

/** A reader of auth's tenants with a read model and somebody to tell. It has the name of a service whose readers exist. */
export const directory: AnyService = defineService({
  name: 'catalog',
  description: 'A directory of tenants',
  config: z.object({}),
  migrations: new URL('./migrations/', import.meta.url),
  permissions: {},
  createContext: () => ({}),
  routes: () => [],
  consumers: () => [tenants, told],
});

/** The read model: made again from snapshots. */
const tenants: ConsumerDefinition = defineConsumer<'idp.auth.v1.TenantCreated', never>({
  name: 'catalog.tenants',
  types: ['idp.auth.v1.TenantCreated'],
  ordering: 'key',
  async clear(tx) {
    await sql`delete from directory`.execute(tx.db);
  },
  async handle(tx, { aggregateId, version = 0, data, snapshot }) {
    await upsertLatest(tx, 'directory', { id: aggregateId, name: data.name }, version);
    if (!snapshot) await sql`insert into notifications (id) values (${aggregateId})`.execute(tx.db);
  },
});

/** A consumer that has nothing to clear gets no snapshot. */
const told: ConsumerDefinition = defineConsumer<'idp.common.v1.SnapshotRequested', never>({
  name: 'catalog.snapshot-requests',
  types: ['idp.common.v1.SnapshotRequested'],
  ordering: 'none',
  allowOwn: true,
  handle: async () => undefined,
});
