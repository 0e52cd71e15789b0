import { etag } from '@idp/database';
import { PermissionError } from '@idp/errors';
import { envelope, isUnchanged, name, principalOf, slug, timestamp, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { createTenant } from '../../operations/create-tenant.ts';
import { updateTenant } from '../../operations/tenants/change-tenant.ts';
import { listReceipts } from '../../store/tenants/tenant-rows.ts';
import { emailAddress } from '../email-address.ts';
import { matchOf } from '../write.ts';
import { isOfPlatform, pathOfTenant, readTenant, requirePlatform, tenantOf, writeInTenant } from './target.ts';
import { region, tags, tenantPath, tenantsPath, tenantView, tier } from './view.ts';

const newTenant = z.strictObject({
  slug: slug(),
  name: name(),
  tier: tier.optional(),
  region: region.optional(),
  ownerEmail: emailAddress.meta({ description: 'Is invited to own the tenant', examples: ['ada@example.com'] }),
});
const change = z.strictObject({
  name: name().optional(),
  tier: tier.optional().meta({ description: 'By the platform alone' }),
  region: region.nullable().optional().meta({ description: 'By the platform alone' }),
});

type App = Parameters<RoutePlugin>[0];

/** A tenant as an object: its own people see it, those of the platform every one. */
export function tenantRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerCreate(app, ctx);
    registerTenant(app, ctx);
    registerProvisioning(app, ctx);
  };
}

function registerCreate(app: App, ctx: AuthContext): void {
  app.post(tenantsPath, {
    // The rows are the new tenant's, not the caller's; a second call finds the slug taken.
    config: { permission: 'auth:tenant:create', idempotency: 'none', errors: ['CONFLICT', 'NAME_RESERVED'] },
    schema: {
      operationId: 'createTenant',
      summary: 'Make a tenant, active at once, and invite its owner; by the platform',
      tags,
      body: newTenant,
      response: { 201: envelope(tenantView) },
    },
    handler: async (request, reply) => {
      requirePlatform(request);
      const { tenantId } = await createTenant(ctx, { ...request.body, reason: 'request' });
      const data = await readTenant(ctx, request, tenantId);
      return reply
        .code(201)
        .header('etag', etag(data.version))
        .header('location', `${tenantsPath}/${tenantId}`)
        .send({ data });
    },
  });
}

function registerTenant(app: App, ctx: AuthContext): void {
  app.get(tenantPath, {
    config: { permission: 'auth:tenant:read', cacheControl: 'private, no-cache' },
    schema: {
      operationId: 'getTenant',
      summary: 'Get a tenant',
      tags,
      params: pathOfTenant,
      response: { 200: envelope(tenantView) },
    },
    handler: async (request, reply) => {
      const found = await readTenant(ctx, request, request.params.id);
      if (isUnchanged(request, reply as never, found.version)) return reply.code(304 as never).send(undefined as never);
      return { data: found };
    },
  });
  app.patch(tenantPath, {
    config: { permission: 'auth:tenant:update', errors: ['PRECONDITION_FAILED', 'INVALID_STATE'] },
    schema: {
      operationId: 'updateTenant',
      summary: 'Rename a tenant, change its tier or region; honours If-Match',
      tags,
      params: pathOfTenant,
      body: change,
      response: { 200: envelope(tenantView) },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { tier: asked, region: place } = request.body;
      const target = tenantOf(principal, request.params.id);
      if ((asked !== undefined || place !== undefined) && !isOfPlatform(principal)) {
        throw new PermissionError('tier and region are for the platform to change');
      }
      const input = { change: request.body, precondition: matchOf(request) };
      const data = await writeInTenant(ctx, request, target, (tx) => updateTenant(tx, ctx, input));
      void reply.header('etag', etag(data.version));
      return { data };
    },
  });
}

function registerProvisioning(app: App, ctx: AuthContext): void {
  const receipt = z.object({
    service: z.string().meta({ examples: ['catalog'] }),
    preparedAt: timestamp().nullable(),
    purgedAt: timestamp().nullable(),
  });
  app.get(`${tenantPath}/provisioning`, {
    config: { permission: 'auth:tenant:read' },
    schema: {
      operationId: 'getTenantProvisioning',
      summary: 'Which services are ready for a tenant, or have erased it',
      tags,
      params: pathOfTenant,
      response: { 200: envelope(z.array(receipt)) },
    },
    handler: async (request) => {
      const { id } = await readTenant(ctx, request, request.params.id);
      const { signal } = request.operation;
      return { data: await ctx.database.tenant(id).read((tx) => listReceipts(tx), { signal }) };
    },
  });
}
