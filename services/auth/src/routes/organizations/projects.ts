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
  text,
  timestamp,
  type RoutePlugin,
} from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { deleteProject, updateProject } from '../../operations/organizations/change-project.ts';
import { createProject } from '../../operations/organizations/create-project.ts';
import { findProject, selectProjects } from '../../store/organizations/projects.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { partRights, placeOf, seenParts, visibleParts } from '../rights.ts';
import { matchOf, pathOfId, readForCaller, writeForCaller } from '../write.ts';

const project = z.object({
  id: z.uuid(),
  organizationId: z.uuid(),
  ownerTeamId: z.uuid().nullable(),
  slug: z.string().meta({ examples: ['storefront'] }),
  name: z.string(),
  description: z.string(),
  version: z.int(),
  createdAt: timestamp(),
  updatedAt: timestamp(),
});

const members = { name: name(), description: text({ max: 2_000 }).optional() };
const newProject = z.strictObject({
  slug: slug().optional().meta({ description: 'Default: made of the name' }),
  ...members,
  organizationId: id().optional().meta({ description: "Default: the owner's, else the tenant's default organization" }),
  ownerTeamId: id().optional(),
});
const change = z.strictObject({
  name: members.name.optional(),
  description: members.description,
  ownerTeamId: id().nullable().optional().meta({ description: 'Null gives the project to the organization itself' }),
});
const path = '/api/v1/auth/projects';
const tags = ['projects'];

type App = Parameters<RoutePlugin>[0];

/** Projects of a team or an organization. */
export function projectRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerReads(app, ctx);
    app.post(path, {
      config: {
        permission: 'auth:project:create',
        part: true,
        errors: ['NAME_TAKEN', 'NAME_RESERVED', 'REFERENCE_INVALID'],
      },
      schema: {
        operationId: 'createProject',
        summary: 'Create a project',
        tags,
        body: newProject,
        response: { 201: envelope(project) },
      },
      handler: async (request, reply) => {
        const { ownerTeamId, organizationId } = request.body;
        const rights = await partRights(ctx, request, { type: 'project', permission: 'auth:project:create' });
        rights.requireIn(placeOf({ team: ownerTeamId, organization: organizationId }));
        await idempotentWrite(
          request,
          reply,
          ctx.database,
          async (tx) => {
            const made = await createProject(tx, ctx, request.body);
            const headers = { etag: etag(made.version), location: `${path}/${made.id}` };
            return { status: 201, data: made, headers };
          },
          { global: true },
        );
        return reply;
      },
    });
    app.patch(`${path}/:id`, {
      config: { permission: 'auth:project:update', part: true, errors: ['PRECONDITION_FAILED', 'REFERENCE_INVALID'] },
      schema: {
        operationId: 'updateProject',
        summary: 'Change a project or its owner; honours If-Match',
        tags,
        params: pathOfId,
        body: change,
        response: { 200: envelope(project) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, precondition: matchOf(request) };
        const { ownerTeamId } = request.body;
        const rights = await partRights(ctx, request, { type: 'project', permission: 'auth:project:update' });
        rights.require(target.id);
        if (typeof ownerTeamId === 'string') rights.requireIn({ type: 'team', id: ownerTeamId });
        const data = await writeForCaller(ctx, request, async (tx) => {
          const before = ownerTeamId === null ? await findProject(tx, target.id) : undefined;
          if (before !== undefined) rights.requireIn({ type: 'organization', id: before.organizationId });
          return updateProject(tx, ctx, { ...target, change: request.body });
        });
        void reply.header('etag', etag(data.version));
        return { data };
      },
    });
    app.delete(`${path}/:id`, {
      config: { permission: 'auth:project:delete', part: true, errors: ['PRECONDITION_FAILED'] },
      schema: {
        operationId: 'deleteProject',
        summary: 'Delete a project; honours If-Match',
        tags,
        params: pathOfId,
        response: { 204: z.null().meta({ description: 'The project is gone' }) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, precondition: matchOf(request) };
        (await partRights(ctx, request, { type: 'project', permission: 'auth:project:delete' })).require(target.id);
        await writeForCaller(ctx, request, (tx) => deleteProject(tx, ctx, target));
        return reply.code(204).send(null);
      },
    });
  };
}

function registerReads(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:project:read', part: true, errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listProjects',
      summary: 'List projects by slug',
      tags,
      querystring: z.strictObject({
        ...listPageQuery,
        organizationId: id().optional(),
        ownerTeamId: id().optional(),
      }),
      response: { 200: pageEnvelope(project) },
    },
    handler: async (request) => {
      const visible = await visibleParts(ctx, request, 'project');
      return readForCaller(ctx, request, (tx) =>
        readListPage(tx, request, selectProjects(tx, request.query).where(visible), {
          sort: [{ column: 'slug' }, { column: 'id' }],
          asked: request.query,
        }),
      );
    },
  });
  app.get(`${path}/:id`, {
    config: { permission: 'auth:project:read', part: true, cacheControl: 'private, no-cache' },
    schema: {
      operationId: 'getProject',
      summary: 'Get a project',
      tags,
      params: pathOfId,
      response: { 200: envelope(project) },
    },
    handler: async (request, reply) => {
      const sees = await seenParts(ctx, request, 'project');
      const found = await readForCaller(ctx, request, (tx) => findProject(tx, request.params.id));
      if (found === undefined || !sees(found.id)) throw new NotFoundError('the project does not exist');
      if (isUnchanged(request, reply as never, found.version)) return reply.code(304 as never).send(undefined as never);
      return { data: found };
    },
  });
}
