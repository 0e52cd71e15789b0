import { etag } from '@idp/database';
import { PermissionError } from '@idp/errors';
import { envelope, isUnchanged, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { tenantConfig, type TenantConfig } from '../../domain/tenant-config.ts';
import { configureTenant } from '../../operations/tenants/change-tenant.ts';
import { matchOf } from '../write.ts';
import { isOfPlatform, pathOfTenant, readTenant, tenantOf, writeInTenant } from './target.ts';
import { tags, tenantPath } from './view.ts';

const path = `${tenantPath}/config`;

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
      config: { permission: 'auth:tenant:update', errors: ['PRECONDITION_FAILED', 'INVALID_STATE'] },
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
