import type { RoutePlugin } from '@idp/service';
import type { AuthContext } from '../../context.ts';
import { tenantConfigRoutes } from './config.ts';
import { isolationRoutes } from './isolation.ts';
import { ownTenantRoutes } from './own-tenants.ts';
import { tenantStateRoutes } from './states.ts';
import { tenantRoutes } from './tenants.ts';

/** Tenants: making them, choosing one, settings, stopping and closing. */
export function tenantAdministrationRoutes(ctx: AuthContext): RoutePlugin[] {
  return [
    ownTenantRoutes(ctx),
    tenantRoutes(ctx),
    tenantConfigRoutes(ctx),
    tenantStateRoutes(ctx),
    isolationRoutes(ctx),
  ];
}
