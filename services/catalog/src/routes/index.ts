import type { RoutePlugin } from '@idp/service';
import type { CatalogContext } from '../context.ts';
import { entityReadRoutes } from './entities.ts';
import { serviceWriteRoutes } from './service-writes.ts';
import { serviceReadRoutes } from './services.ts';

/** The native API of the catalog. */
export function nativeRoutes(context: CatalogContext): RoutePlugin[] {
  return [entityReadRoutes(context), serviceReadRoutes(context), serviceWriteRoutes(context)];
}
