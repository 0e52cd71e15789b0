import { etag } from '@idp/database';
import { NotFoundError } from '@idp/errors';
import { envelope, id, name, pageEnvelope, principalOf, text, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { removeMember } from '../../operations/members/remove-member.ts';
import { updateMember } from '../../operations/members/update-member.ts';
import { findMember, selectMembers, type Member } from '../../store/members/members.ts';
import { listTeamsOfUser } from '../../store/organizations/team-members.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { matchOf, pathOfId, readForCaller, writeForCaller } from '../write.ts';
import { showMember, showMembers, userView } from './view.ts';

/** Roles somebody can hold in a whole tenant; those of the platform exist in its tenant alone. */
export const roleOfTenant = z
  .enum(['viewer', 'member', 'tenant-admin', 'tenant-owner', 'platform-admin', 'platform-auditor'])
  .meta({ examples: ['member'] });

const userDetail = userView.extend({
  teams: z.array(
    z.object({
      id: z.uuid(),
      organizationId: z.uuid(),
      slug: z.string(),
      name: z.string(),
      role: z.enum(['maintainer', 'member']),
    }),
  ),
});
const change = z.strictObject({
  name: name().optional().meta({ description: 'As this tenant shows it' }),
  role: roleOfTenant.optional(),
});
const path = '/api/v1/users';
const tags = ['users'];
const changeErrors = ['PRECONDITION_FAILED', 'LAST_OWNER', 'SCOPE_ESCALATION'];

type App = Parameters<RoutePlugin>[0];

/** The people of a tenant. */
export function userRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerReads(app, ctx);
    app.patch(`${path}/:id`, {
      config: { permission: 'auth:user:manage', errors: [...changeErrors, 'REFERENCE_INVALID'] },
      schema: {
        operationId: 'updateUser',
        summary: 'Change how the tenant shows a member, or its role; honours If-Match',
        tags,
        params: pathOfId,
        body: change,
        response: { 200: envelope(userView) },
      },
      handler: async (request, reply) => {
        const principal = principalOf(request);
        const input = { userId: request.params.id, principal, precondition: matchOf(request), change: request.body };
        const data = await writeForCaller(ctx, request, async (tx) =>
          showMember(tx, ctx, await updateMember(tx, ctx, input)),
        );
        void reply.header('etag', etag(data.version));
        return { data };
      },
    });
    app.delete(`${path}/:id`, {
      config: { permission: 'auth:user:manage', errors: changeErrors },
      schema: {
        operationId: 'removeUser',
        summary: 'End a membership with its sessions, keys, teams and roles; the account stays; honours If-Match',
        tags,
        params: pathOfId,
        response: { 204: z.null().meta({ description: 'The membership has ended' }) },
      },
      handler: async (request, reply) => {
        const principal = principalOf(request);
        const input = { userId: request.params.id, principal, precondition: matchOf(request) };
        await writeForCaller(ctx, request, (tx) => removeMember(tx, ctx, input));
        return reply.code(204).send(null);
      },
    });
  };
}

function registerReads(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:user:read', errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listUsers',
      summary: 'List the people of the tenant by address',
      tags,
      querystring: z.strictObject({
        ...listPageQuery,
        status: z.enum(['invited', 'active', 'suspended']).optional(),
        teamId: id().optional(),
        organizationId: id().optional(),
        role: roleOfTenant.optional(),
        q: text({ min: 1, max: 200 }).optional().meta({ description: 'Beginning of the name or the address' }),
      }),
      response: { 200: pageEnvelope(userView) },
    },
    handler: (request) =>
      readForCaller(ctx, request, async (tx) => {
        const { data, meta } = await readListPage(tx, request, selectMembers(tx, request.query), {
          sort: [{ column: 'email_norm' }, { column: 'id', member: 'membershipId' }],
          asked: request.query,
        });
        return { data: await showMembers(tx, ctx, data as Member[]), meta };
      }),
  });
  app.get(`${path}/:id`, {
    config: { permission: 'auth:user:read' },
    schema: {
      operationId: 'getUser',
      summary: 'Get a member of the tenant',
      tags,
      params: pathOfId,
      response: { 200: envelope(userDetail) },
    },
    handler: async (request, reply) => {
      const found = await readForCaller(ctx, request, async (tx) => {
        const member = await findMember(tx, request.params.id);
        if (member === undefined) throw new NotFoundError('the user is no member');
        const [shown, teams] = await Promise.all([showMember(tx, ctx, member), listTeamsOfUser(tx, member.userId)]);
        return { ...shown, teams };
      });
      // For If-Match alone: teams change without the membership, so that an equal tag says nothing about them.
      void reply.header('etag', etag(found.version));
      return { data: found };
    },
  });
}
