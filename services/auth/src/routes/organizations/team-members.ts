import { NotFoundError } from '@idp/errors';
import { envelope, id, pageEnvelope, principalOf, timestamp, type RoutePlugin } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { putTeamMember, removeTeamMember } from '../../operations/organizations/team-members.ts';
import { maintainsAny, selectTeamMembers } from '../../store/organizations/team-members.ts';
import { findTeam } from '../../store/organizations/teams.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { partRights, seenParts } from '../rights.ts';
import { pathOfId, readForCaller, writeForCaller } from '../write.ts';

const role = z.enum(['maintainer', 'member']).meta({ examples: ['member'] });
const member = z.object({
  userId: z.uuid(),
  name: z.string(),
  email: z.string(),
  role,
  joinedAt: timestamp(),
});
const pathOfMember = z.strictObject({ id: id(), userId: id() });
const path = '/api/v1/teams/:id/members';
const tags = ['teams'];

type App = Parameters<RoutePlugin>[0];

/** Who is in a team. A maintainer of a team decides about it and every team below it. */
export function teamMemberRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerList(app, ctx);
    app.put(`${path}/:userId`, {
      config: { permission: 'auth:team:read', part: true, errors: ['PERMISSION_DENIED'] },
      schema: {
        operationId: 'putTeamMember',
        summary: 'Put a member of the tenant into a team, or change its role there',
        tags,
        params: pathOfMember,
        body: z.strictObject({ role }),
        response: { 200: envelope(z.object({ userId: z.uuid(), role })) },
      },
      handler: async (request) => {
        const { id: teamId, userId } = request.params;
        await requireMayManage(ctx, request, teamId);
        const data = { userId, role: request.body.role };
        await writeForCaller(ctx, request, (tx) => putTeamMember(tx, ctx, { teamId, ...data }));
        return { data };
      },
    });
    app.delete(`${path}/:userId`, {
      config: { permission: 'auth:team:read', part: true, errors: ['PERMISSION_DENIED'] },
      schema: {
        operationId: 'removeTeamMember',
        summary: 'Take somebody out of a team',
        tags,
        params: pathOfMember,
        response: { 204: z.null().meta({ description: 'The user is not in the team any more' }) },
      },
      handler: async (request, reply) => {
        const { id: teamId, userId } = request.params;
        if (userId !== principalOf(request).id) await requireMayManage(ctx, request, teamId);
        await writeForCaller(ctx, request, (tx) => removeTeamMember(tx, ctx, { teamId, userId }));
        return reply.code(204).send(null);
      },
    });
  };
}

function registerList(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:team:read', part: true, errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listTeamMembers',
      summary: 'List the members of a team by address',
      tags,
      params: pathOfId,
      querystring: z.strictObject(listPageQuery),
      response: { 200: pageEnvelope(member) },
    },
    handler: async (request) => {
      const sees = await seenParts(ctx, request, 'team');
      return readForCaller(ctx, request, async (tx) => {
        const team = await findTeam(tx, request.params.id);
        if (team === undefined || !sees(team.id)) throw new NotFoundError('the team does not exist');
        const page = await readListPage(tx, request, selectTeamMembers(tx, team.id), {
          sort: [{ column: 'memberships.email_norm' }, { column: 'team_memberships.user_id', member: 'userId' }],
          asked: request.query,
        });
        return { ...page, data: page.data as z.input<typeof member>[] };
      });
    },
  });
}

/** 404 for a team that does not exist; 403 unless the caller may manage it or maintains one of those above, this one included. */
async function requireMayManage(ctx: AuthContext, request: FastifyRequest, teamId: string): Promise<void> {
  const principal = principalOf(request);
  const rights = await partRights(ctx, request, { type: 'team', permission: 'auth:team-member:manage' });
  const maintains = await readForCaller(ctx, request, async (tx) => {
    const team = await findTeam(tx, teamId);
    if (team === undefined) throw new NotFoundError('the team does not exist');
    return principal.type === 'user' && (await maintainsAny(tx, principal.id, team.path));
  });
  if (!maintains) rights.require(teamId);
}
