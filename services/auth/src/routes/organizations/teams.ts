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
import { deleteTeam, updateTeam } from '../../operations/organizations/change-team.ts';
import { createTeam } from '../../operations/organizations/create-team.ts';
import { findTeam, listSubtree, selectTeams } from '../../store/organizations/teams.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { partRights, placeOf, seenParts, visibleParts } from '../rights.ts';
import { matchOf, pathOfId, readForCaller, writeForCaller } from '../write.ts';

const team = z.object({
  id: z.uuid(),
  organizationId: z.uuid(),
  parentId: z.uuid().nullable(),
  path: z.array(z.uuid()).meta({ description: 'Ids from the first level down to this team' }),
  depth: z.int().meta({ description: '1 for the first level, at most 5' }),
  slug: z.string().meta({ examples: ['payments'] }),
  name: z.string(),
  description: z.string(),
  version: z.int(),
  createdAt: timestamp(),
  updatedAt: timestamp(),
});

const members = { name: name(), description: text({ max: 2_000 }).optional() };
const newTeam = z.strictObject({
  slug: slug().optional().meta({ description: 'Default: made of the name' }),
  ...members,
  organizationId: id()
    .optional()
    .meta({ description: "Default: the parent's, else the tenant's default organization" }),
  parentId: id().optional(),
});
const change = z.strictObject({
  name: members.name.optional(),
  description: members.description,
  parentId: id().nullable().optional().meta({ description: 'Null puts the team on the first level' }),
});
const path = '/api/v1/teams';
const tags = ['teams'];

type App = Parameters<RoutePlugin>[0];

/** Teams, nested up to five deep. */
export function teamRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerReads(app, ctx);
    app.post(path, {
      config: {
        permission: 'auth:team:create',
        part: true,
        errors: ['NAME_TAKEN', 'NAME_RESERVED', 'REFERENCE_INVALID'],
      },
      schema: {
        operationId: 'createTeam',
        summary: 'Create a team',
        tags,
        body: newTeam,
        response: { 201: envelope(team) },
      },
      handler: async (request, reply) => {
        const { parentId, organizationId } = request.body;
        const rights = await partRights(ctx, request, { type: 'team', permission: 'auth:team:create' });
        rights.requireIn(placeOf({ team: parentId, organization: organizationId }));
        await idempotentWrite(
          request,
          reply,
          ctx.database,
          async (tx) => {
            const made = await createTeam(tx, ctx, request.body);
            const headers = { etag: etag(made.version), location: `${path}/${made.id}` };
            return { status: 201, data: made, headers };
          },
          { global: true },
        );
        return reply;
      },
    });
    app.patch(`${path}/:id`, {
      config: {
        permission: 'auth:team:update',
        part: true,
        errors: ['PRECONDITION_FAILED', 'REFERENCE_INVALID', 'UNPROCESSABLE'],
      },
      schema: {
        operationId: 'updateTeam',
        summary: 'Change or move a team with everything below it; honours If-Match',
        tags,
        params: pathOfId,
        body: change,
        response: { 200: envelope(team) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, precondition: matchOf(request) };
        const { parentId } = request.body;
        const rights = await partRights(ctx, request, { type: 'team', permission: 'auth:team:update' });
        rights.require(target.id);
        if (typeof parentId === 'string') rights.requireIn({ type: 'team', id: parentId });
        const data = await writeForCaller(ctx, request, async (tx) => {
          const before = parentId === null ? await findTeam(tx, target.id) : undefined;
          if (before !== undefined) rights.requireIn({ type: 'organization', id: before.organizationId });
          return updateTeam(tx, ctx, { ...target, change: request.body });
        });
        void reply.header('etag', etag(data.version));
        return { data };
      },
    });
    app.delete(`${path}/:id`, {
      config: { permission: 'auth:team:delete', part: true, errors: ['PRECONDITION_FAILED', 'CONFLICT'] },
      schema: {
        operationId: 'deleteTeam',
        summary: 'Delete a team without teams below it and projects; honours If-Match',
        tags,
        params: pathOfId,
        response: { 204: z.null().meta({ description: 'The team is gone' }) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, precondition: matchOf(request) };
        (await partRights(ctx, request, { type: 'team', permission: 'auth:team:delete' })).require(target.id);
        await writeForCaller(ctx, request, (tx) => deleteTeam(tx, ctx, target));
        return reply.code(204).send(null);
      },
    });
  };
}

function registerReads(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:team:read', part: true, errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listTeams',
      summary: 'List teams by slug',
      tags,
      querystring: z.strictObject({
        ...listPageQuery,
        organizationId: id().optional(),
        parentId: id().optional(),
        userId: id().optional().meta({ description: 'Teams this user is in' }),
      }),
      response: { 200: pageEnvelope(team) },
    },
    handler: async (request) => {
      const visible = await visibleParts(ctx, request, 'team');
      return readForCaller(ctx, request, (tx) =>
        readListPage(tx, request, selectTeams(tx, request.query).where(visible), {
          sort: [{ column: 'slug' }, { column: 'id' }],
          asked: request.query,
        }),
      );
    },
  });
  app.get(`${path}/:id`, {
    config: { permission: 'auth:team:read', part: true, cacheControl: 'private, no-cache' },
    schema: {
      operationId: 'getTeam',
      summary: 'Get a team',
      tags,
      params: pathOfId,
      response: { 200: envelope(team) },
    },
    handler: async (request, reply) => {
      const sees = await seenParts(ctx, request, 'team');
      const found = await readForCaller(ctx, request, (tx) => findTeam(tx, request.params.id));
      if (found === undefined || !sees(found.id)) throw new NotFoundError('the team does not exist');
      if (isUnchanged(request, reply as never, found.version)) return reply.code(304 as never).send(undefined as never);
      return { data: found };
    },
  });
  app.get(`${path}/:id/tree`, {
    config: { permission: 'auth:team:read', part: true },
    schema: {
      operationId: 'getTeamTree',
      summary: 'A team and every team below it, level by level',
      tags,
      params: pathOfId,
      response: { 200: envelope(z.array(team)) },
    },
    handler: async (request) => {
      const { id: top } = request.params;
      const sees = await seenParts(ctx, request, 'team');
      const teams = await readForCaller(ctx, request, (tx) => listSubtree(tx, top));
      const data = teams.filter((each) => sees(each.id));
      if (data[0]?.id !== top) throw new NotFoundError('the team does not exist');
      return { data };
    },
  });
}
