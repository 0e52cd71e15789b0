import { TenantStatus, timestampFromDate } from '@idp/contracts';
import { publish } from '@idp/events';
import { defineService, startService } from '@idp/service';
import { z } from 'zod';
import { type IngestionWorld, noKeys } from './ingestion-world.ts';

/** Stands in for the auth service on the bus: it runs as auth's role, so it may write to auth's topics. */
const producer = defineService({
  name: 'auth',
  description: 'Producer of tenant events',
  config: z.object({}),
  // No SQL here: its schema holds the tables of the platform alone.
  migrations: new URL('./', import.meta.url),
  permissions: {},
  createContext: (platform) => platform.database,
  routes: () => [],
});

export interface TenantEvents extends AsyncDisposable {
  /** Publishes TenantCreated; the event is delivered some time after. */
  created(tenantId: string, slug: string): Promise<void>;
}

export async function startTenantEvents(world: IngestionWorld): Promise<TenantEvents> {
  const service = await startService(producer, {
    mode: 'process',
    publicUrl: 'http://localhost:8080',
    environment: 'test',
    env: {},
    logLevel: 'silent',
    databaseUrls: world.database.urlsFor('auth'),
    transportWake: world.wake,
    secretsKeyProvider: noKeys,
    cursorSecret: Buffer.alloc(32, 7),
  });
  return {
    async created(tenantId, slug) {
      const database = service.context as IngestionWorld['context']['database'];
      await database.tenant(tenantId).write(
        async (tx) => {
          const createdAt = timestampFromDate(new Date());
          const data = { slug, name: slug, status: TenantStatus.ACTIVE, createdAt };
          publish(tx, { type: 'idp.auth.v1.TenantCreated', aggregateId: tenantId, version: 1, data });
        },
        { unaudited: 'test' },
      );
    },
    async [Symbol.asyncDispose]() {
      await service.stop({ deadlineMs: 5000 });
    },
  };
}
