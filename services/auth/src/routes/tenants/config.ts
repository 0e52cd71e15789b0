import { etag } from '@idp/database';
import { PermissionError } from '@idp/errors';
import { platformTenantId } from '@idp/contracts';
import type { Principal } from '@idp/auth';
import { envelope, isUnchanged, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { tenantConfig, type TenantConfig } from '../../domain/tenant-config.ts';
import { demandOf } from '../../domain/sign-in-demand.ts';
import { requireDemand } from '../../operations/require-sign-in.ts';
import { configureTenant } from '../../operations/tenants/change-tenant.ts';
import { matchOf } from '../write.ts';
import { isOfPlatform, pathOfTenant, readTenant, tenantOf, writeInTenant } from './target.ts';
import { tags, tenantPath } from './view.ts';

const path = `${tenantPath}/config`;
const maxAgeSeconds = 900;

/** Settings of a tenant. */
export function tenantConfigRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.get(path, {
      config: { permission: 'auth:tenant:read', cacheControl: 'private, no-cache' },
      schema: {
        operationId: 'getTenantConfig',
        summary: 'Settings of a tenant',
        tags,
        params: pathOfTenant,
        response: { 200: envelope(tenantConfig) },
      },
      handler: async (request, reply) => {
        const { config, configVersion } = await readTenant(ctx, request, request.params.id);
        if (isUnchanged(request, reply as never, configVersion))
          return reply.code(304 as never).send(undefined as never);
        return { data: config };
      },
    });
    app.patch(path, {
      config: {
        permission: 'auth:tenant:update',
        errors: ['PRECONDITION_FAILED', 'INVALID_STATE', 'SSO_REQUIRED', 'STEP_UP_REQUIRED'],
      },
      schema: {
        operationId: 'updateTenantConfig',
        summary: 'Change settings by JSON merge patch (RFC 7396); honours If-Match',
        tags,
        params: pathOfTenant,
        body: z.record(z.string(), z.unknown()).meta({ examples: [{ session: { idleSeconds: 86_400 } }] }),
        response: { 200: envelope(tenantConfig) },
      },
      handler: async (request, reply) => {
        const principal = principalOf(request);
        const target = tenantOf(principal, request.params.id);
        const admit = (before: TenantConfig, after: TenantConfig): void => {
          requireOwnMeasure(principal, target, { before, after });
          if (isOfPlatform(principal) || before.ratePlan === after.ratePlan) return;
          throw new PermissionError('the rate plan is for the platform to change');
        };
        const input = { patch: request.body, precondition: matchOf(request), admit };
        const { config, configVersion } = await writeInTenant(ctx, request, target, (tx) =>
          configureTenant(tx, ctx, input),
        );
        void reply.header('etag', etag(configVersion));
        return { data: config };
      },
    });
  };
}

/** Nobody asks of others a way of signing in that is not his own, and so locks himself out; the platform can take it back. */
function requireOwnMeasure(
  principal: Principal,
  target: string,
  { before, after }: { before: TenantConfig; after: TenantConfig },
): void {
  if (isOfPlatform(principal) && target !== platformTenantId) return;
  const [had, wanted] = [demandOf(before, { isAdmin: true }), demandOf(after, { isAdmin: true })];
  const raised = { sso: wanted.sso && !had.sso, acr: wanted.acr === had.acr ? ('idp:aal1' as const) : wanted.acr };
  requireDemand(raised, { session: principal, maxAgeSeconds });
}
