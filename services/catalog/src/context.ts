import type { Access } from '@idp/auth';
import type { Database } from '@idp/database';
import type { Egress } from '@idp/egress';
import type { Logger } from '@idp/telemetry';
import type { ServicePlatform } from '@idp/service';
import type { CatalogConfig } from './config.ts';
import { type EntityValidator, createEntityValidator } from './domain/model/validate-entity.ts';
import { type FacetCache, createFacetCache } from './store/query/facet-cache.ts';
import { type CatalogMetrics, createCatalogMetrics } from './metrics.ts';
import { type SourceSyncs, createSourceSyncs } from './operations/sync/source-syncs.ts';
import { type WrittenEntities, createWrittenEntities } from './operations/tell-planner.ts';

/** What operations and handlers need. */
export interface CatalogContext {
  // oxlint-disable-next-line typescript/no-explicit-any -- statements are written in SQL and type their own rows
  database: Database<any>;
  access: Access;
  config: CatalogConfig;
  egress: Pick<Egress, 'check' | 'fetch'>;
  logger: Logger;
  metrics: CatalogMetrics;
  validator: EntityValidator;
  facets: FacetCache;
  /** Runs of sources, one at a time each. */
  syncs: SourceSyncs;
  /** Counts entities written by API, so that the planner learns of them. */
  written: WrittenEntities;
}

export function createCatalogContext(platform: ServicePlatform<CatalogConfig>): CatalogContext {
  const { database, access, config, egress, logger } = platform;
  const metrics = createCatalogMetrics(platform.metrics);
  const validator = createEntityValidator();
  const shared = { database, config, egress, logger, metrics, validator };
  const { background } = platform;
  return {
    ...shared,
    access,
    facets: createFacetCache(platform.createCache),
    syncs: createSourceSyncs(shared),
    written: createWrittenEntities({ database, logger, background }),
  };
}
