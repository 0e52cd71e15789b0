import { backstageMount, type RoutePlugin } from '@idp/service';
import type { CatalogContext } from '../context.ts';
import { ancestryRoutes } from './ancestry.ts';
import { entitiesByQueryRoutes } from './entities-by-query.ts';
import { entitiesRoutes } from './entities.ts';
import { entityFacetRoutes } from './entity-facets.ts';
import { entityLookupRoutes } from './entity-lookup.ts';
import { entityWriteRoutes } from './entity-writes.ts';
import { locationWriteRoutes } from './location-writes.ts';
import { locationsByQueryRoutes } from './locations-by-query.ts';
import { locationReadRoutes } from './locations.ts';
import { validateEntityRoutes } from './validate-entity.ts';

/** The Backstage catalog API under `/api/catalog`. */
export function backstageRoutes(context: CatalogContext): RoutePlugin {
  return backstageMount('/api/catalog', [
    entitiesRoutes(context),
    entitiesByQueryRoutes(context),
    entityLookupRoutes(context),
    ancestryRoutes(context),
    entityFacetRoutes(context),
    entityWriteRoutes(context),
    locationReadRoutes(context),
    locationsByQueryRoutes(context),
    locationWriteRoutes(context),
    validateEntityRoutes(context),
  ]);
}
