import { defineService } from '@idp/service';
import { backstageRoutes } from './backstage/index.ts';
import { watchDirectories } from './background/directories.ts';
import { sweepOrphansInBackground } from './background/sweep.ts';
import { catalogConfig } from './config.ts';
import { createCatalogContext } from './context.ts';
import { pollLocations } from './jobs/poll-locations.ts';
import { syncSourceJobs } from './jobs/sync-source.ts';
import { catalogPermissions } from './permissions.ts';
import { entityStates, locationStates, serviceStates } from './operations/snapshot-states.ts';
import { entityResources } from './operations/entity-resources.ts';
import { prepareTenant } from './operations/prepare-tenant.ts';
import { nativeRoutes } from './routes/index.ts';

/** The inventory of what a company builds, runs and owns. */
export const catalog = defineService({
  name: 'catalog',
  description: 'Entities, relations, sources and the service registry',
  config: catalogConfig,
  migrations: new URL('../migrations/', import.meta.url),
  permissions: catalogPermissions,
  database: { constraints: { locations_target: 'target' } },
  createContext: createCatalogContext,
  routes: (ctx) => [backstageRoutes(ctx), ...nativeRoutes(ctx)],
  resources: (ctx) => entityResources(ctx),
  prepareTenant,
  snapshots: () => ({
    'idp.catalog.entity.v1': entityStates,
    'idp.catalog.location.v1': locationStates,
    'idp.catalog.service.v1': serviceStates,
  }),
  logFields: ['sourceId', 'created', 'updated', 'deleted', 'refused'],
  jobs(ctx) {
    const polling = pollLocations(ctx);
    return { queues: [syncSourceJobs(ctx), ...polling.queues], schedules: polling.schedules };
  },
  background: (ctx) => [...watchDirectories(ctx), sweepOrphansInBackground(ctx)],
});

export type { CatalogContext } from './context.ts';
export { ingestDirectory, type DirectoryInput } from './operations/ingest-directory.ts';
export { summarizeCatalog, type CatalogSummary } from './operations/summarize-catalog.ts';
export type { RefusedDocument } from './store/documents.ts';
