import type { RoutePlugin } from '@idp/service';
import type { AuthContext } from '../../context.ts';
import { auditChainRoutes } from './chain.ts';
import { auditExportRoutes } from './exports.ts';
import { auditLogRoutes } from './logs.ts';

/** The audit log of a tenant. */
export function auditRoutes(ctx: AuthContext): RoutePlugin[] {
  return [auditLogRoutes(ctx), auditChainRoutes(ctx), auditExportRoutes(ctx)];
}
