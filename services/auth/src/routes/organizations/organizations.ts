import { etag } from '@idp/database';
import { NotFoundError } from '@idp/errors';
import {
  envelope,
  id,
  idempotentWrite,
  isUnchanged,
  name,
  pageEnvelope,
  slug,
  timestamp,
  type RoutePlugin,
} from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { deleteOrganization, updateOrganization } from '../../operations/organizations/change-organization.ts';
import { createOrganization } from '../../operations/organizations/create-organization.ts';
import { findOrganization, selectOrganizations } from '../../store/organizations/organizations.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { partRights, seenParts, visibleParts } from '../rights.ts';
import { matchOf, pathOfId, readForCaller, writeForCaller } from '../write.ts';

const organization = z.object({
  id: z.uuid(),
  slug: z.string().meta({ examples: ['music'] }),
  name: z.string(),
  tier: z.string(),
  version: z.int(),
  createdAt: timestamp(),
  updatedAt: timestamp(),
});

const tier = z
  .enum(['free', 'standard', 'enterprise'])
  .meta({ description: 'Subscription tier', examples: ['standard'] });
const newOrganization = z.strictObject({ slug: slug(), name: name(), tier: tier.optional() });
const change = z.strictObject({ name: name().optional(), tier: tier.optional() });
const path = '/api/v1/auth/organizations';
const tags = ['organizations'];

type App = Parameters<RoutePlugin>[0];

/** Organizations of a tenant. */
export function organizationRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerReads(app, ctx);
    app.post(path, {
      config: { permission: 'auth:organization:create', errors: ['NAME_TAKEN', 'NAME_RESERVED'] },
      schema: {
        operationId: 'createOrganization',
        summary: 'Create an organization',
        tags,
        body: newOrganization,
        response: { 201: envelope(organization) },
      },
      handler: async (request, reply) => {
        await idempotentWrite(
          request,
          reply,
          ctx.database,
          async (tx) => {
            const made = await createOrganization(tx, ctx, request.body);
            const headers = { etag: etag(made.version), location: `${path}/${made.id}` };
            return { status: 201, data: made, headers };
          },
          { global: true },
        );
        return reply;
      },
    });
    app.patch(`${path}/:id`, {
      config: { permission: 'auth:organization:update', part: true, errors: ['PRECONDITION_FAILED'] },
      schema: {
        operationId: 'updateOrganization',
        summary: 'Rename an organization or change its tier; honours If-Match',
        tags,
        params: pathOfId,
        body: change,
        response: { 200: envelope(organization) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, precondition: matchOf(request) };
        (await partRights(ctx, request, { type: 'organization', permission: 'auth:organization:update' })).require(
          target.id,
        );
        const data = await writeForCaller(ctx, request, (tx) =>
          updateOrganization(tx, ctx, { ...target, change: request.body }),
        );
        void reply.header('etag', etag(data.version));
        return { data };
      },
    });
    app.delete(`${path}/:id`, {
      config: { permission: 'auth:organization:delete', part: true, errors: ['PRECONDITION_FAILED', 'CONFLICT'] },
      schema: {
        operationId: 'deleteOrganization',
        summary: 'Delete an organization without teams and projects; honours If-Match',
        tags,
        params: pathOfId,
        response: { 204: z.null().meta({ description: 'The organization is gone' }) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, precondition: matchOf(request) };
        (await partRights(ctx, request, { type: 'organization', permission: 'auth:organization:delete' })).require(
          target.id,
        );
        await writeForCaller(ctx, request, (tx) => deleteOrganization(tx, ctx, target));
        return reply.code(204).send(null);
      },
    });
  };
}

function registerReads(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:organization:read', part: true, errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listOrganizations',
      summary: 'List organizations by slug',
      tags,
      querystring: z.strictObject(listPageQuery),
      response: { 200: pageEnvelope(organization) },
    },
    handler: async (request) => {
      const visible = await visibleParts(ctx, request, 'organization');
      return readForCaller(ctx, request, (tx) =>
        readListPage(tx, request, selectOrganizations(tx).where(visible), {
          sort: [{ column: 'slug' }, { column: 'id' }],
          asked: request.query,
        }),
      );
    },
  });
  app.get(`${path}/:id`, {
    config: { permission: 'auth:organization:read', part: true, cacheControl: 'private, no-cache' },
    schema: {
      operationId: 'getOrganization',
      summary: 'Get an organization',
      tags,
      params: z.strictObject({ id: id() }),
      response: { 200: envelope(organization) },
    },
    handler: async (request, reply) => {
      const sees = await seenParts(ctx, request, 'organization');
      const found = await readForCaller(ctx, request, (tx) => findOrganization(tx, request.params.id));
      if (found === undefined || !sees(found.id)) throw new NotFoundError('the organization does not exist');
      if (isUnchanged(request, reply as never, found.version)) return reply.code(304 as never).send(undefined as never);
      return { data: found };
    },
  });
}
