import { NotFoundError } from '@idp/errors';
import { envelope, id, pageEnvelope, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { organizationRoles } from '../../domain/tenant-roles.ts';
import { removeOrganizationMember, updateOrganizationMember } from '../../operations/members/organization-members.ts';
import { selectMembers } from '../../store/members/members.ts';
import { listRolesAt } from '../../store/members/role-bindings.ts';
import { findOrganization } from '../../store/organizations/organizations.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { partRights } from '../rights.ts';
import { matchOf, pathOfId, readForCaller, writeForCaller } from '../write.ts';

const role = z.enum(organizationRoles).meta({ examples: ['member'] });
const member = z.object({
  userId: z.uuid(),
  name: z.string(),
  email: z.string(),
  status: z.string().meta({ examples: ['active'] }),
  roles: z.array(z.string()).meta({ description: 'Held in this organization; empty for somebody who is in its teams' }),
});
const pathOfMember = z.strictObject({ id: id(), userId: id() });
const path = '/api/v1/auth/organizations/:id/members';
const tags = ['organizations'];
const errors = ['PRECONDITION_FAILED', 'LAST_OWNER', 'SCOPE_ESCALATION'];

type App = Parameters<RoutePlugin>[0];

/** Who belongs to an organization: by a role in it, or by one of its teams. */
export function organizationMemberRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerList(app, ctx);
    app.patch(`${path}/:userId`, {
      config: { permission: 'auth:member:manage', part: true, errors },
      schema: {
        operationId: 'updateOrganizationMember',
        summary: 'Give a member another role in the organization; honours If-Match',
        tags,
        params: pathOfMember,
        body: z.strictObject({ role }),
        response: { 200: envelope(z.object({ userId: z.uuid(), role })) },
      },
      handler: async (request) => {
        const { id: organizationId, userId } = request.params;
        (await partRights(ctx, request, { type: 'organization', permission: 'auth:member:manage' })).require(
          organizationId,
        );
        const data = { userId, role: request.body.role };
        const change = { ...data, organizationId, principal: principalOf(request), precondition: matchOf(request) };
        await writeForCaller(ctx, request, (tx) => updateOrganizationMember(tx, ctx, change));
        return { data };
      },
    });
    app.delete(`${path}/:userId`, {
      config: { permission: 'auth:member:manage', part: true, errors },
      schema: {
        operationId: 'removeOrganizationMember',
        summary: 'Take a member out of the organization and its teams; honours If-Match',
        tags,
        params: pathOfMember,
        response: { 204: z.null().meta({ description: 'The user is not in the organization any more' }) },
      },
      handler: async (request, reply) => {
        const { id: organizationId, userId } = request.params;
        (await partRights(ctx, request, { type: 'organization', permission: 'auth:member:manage' })).require(
          organizationId,
        );
        const change = { userId, organizationId, principal: principalOf(request), precondition: matchOf(request) };
        await writeForCaller(ctx, request, (tx) => removeOrganizationMember(tx, ctx, change));
        return reply.code(204).send(null);
      },
    });
  };
}

function registerList(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:member:read', part: true, errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listOrganizationMembers',
      summary: 'List the members of an organization by address',
      tags,
      params: pathOfId,
      querystring: z.strictObject(listPageQuery),
      response: { 200: pageEnvelope(member) },
    },
    handler: async (request) => {
      const { id: organizationId } = request.params;
      (await partRights(ctx, request, { type: 'organization', permission: 'auth:member:read' })).require(
        organizationId,
      );
      return readForCaller(ctx, request, async (tx) => {
        if ((await findOrganization(tx, organizationId)) === undefined) {
          throw new NotFoundError('the organization does not exist');
        }
        const { data, meta } = await readListPage(tx, request, selectMembers(tx, { organizationId }), {
          sort: [{ column: 'email_norm' }, { column: 'id', member: 'membershipId' }],
          asked: request.query,
        });
        const userIds = data.map(({ userId }) => userId);
        const roles = await listRolesAt(
          tx,
          { type: 'organization', id: organizationId },
          { userIds, now: ctx.clock() },
        );
        return { data: data.map((each) => ({ ...each, roles: roles.get(each.userId) ?? [] })), meta };
      });
    },
  });
}
