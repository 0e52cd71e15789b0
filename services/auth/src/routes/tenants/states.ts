import type { Tx } from '@idp/database';
import { envelope, principalOf, text, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { deleteTenant, restoreTenant, resumeTenant, suspendTenant } from '../../operations/tenants/tenant-states.ts';
import type { Tables } from '../../store/tables.ts';
import type { TenantRow } from '../../store/tenants/tenant-rows.ts';
import { customerOf, pathOfTenant, requirePlatform, writeInTenant } from './target.ts';
import { tags, tenantPath, tenantView } from './view.ts';

const reasoned = z.strictObject({
  reason: text({ max: 500 })
    .default('')
    .meta({ examples: ['unpaid'] }),
});

type App = Parameters<RoutePlugin>[0];
type Step = (tx: Tx<Tables>, ctx: AuthContext, input: { reason: string }) => Promise<TenantRow>;

/** Stopping a tenant and closing it, and the way back from either. */
export function tenantStateRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerStep(app, ctx, {
      action: 'suspend',
      summary: 'Stop all work in a tenant; by the platform',
      step: suspendTenant,
    });
    registerStep(app, ctx, {
      action: 'resume',
      summary: 'Let a suspended tenant work again; by the platform',
      step: resumeTenant,
    });
    registerStep(app, ctx, {
      action: 'restore',
      summary: 'Take back the deletion of a tenant; by the platform',
      step: restoreTenant,
    });
    registerDelete(app, ctx);
  };
}

function registerStep(
  app: App,
  ctx: AuthContext,
  { action, summary, step }: { action: string; summary: string; step: Step },
): void {
  app.post(`${tenantPath}/${action}`, {
    // The row is another tenant's than the caller's; a second call finds the state the first one left: 409.
    config: { permission: 'auth:tenant:suspend', idempotency: 'none', errors: ['INVALID_STATE'] },
    schema: {
      operationId: `${action}Tenant`,
      summary,
      tags,
      params: pathOfTenant,
      body: reasoned,
      response: { 200: envelope(tenantView) },
    },
    handler: async (request) => {
      const target = customerOf(requirePlatform(request), request.params.id);
      return { data: await writeInTenant(ctx, request, target, (tx) => step(tx, ctx, request.body)) };
    },
  });
}

function registerDelete(app: App, ctx: AuthContext): void {
  app.delete(tenantPath, {
    config: { permission: 'auth:tenant:delete', errors: ['INVALID_STATE', 'REFERENCE_INVALID'] },
    schema: {
      operationId: 'deleteTenant',
      summary: 'Close a tenant; after 30 days its data is erased everywhere',
      tags,
      params: pathOfTenant,
      querystring: z.strictObject({
        slug: z.string().max(63).meta({ description: 'The slug of the tenant, typed by whoever means it' }),
      }),
      response: { 200: envelope(tenantView) },
    },
    handler: async (request) => {
      const target = customerOf(principalOf(request), request.params.id);
      return { data: await writeInTenant(ctx, request, target, (tx) => deleteTenant(tx, ctx, request.query)) };
    },
  });
}
