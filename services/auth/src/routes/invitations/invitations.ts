import { NotFoundError } from '@idp/errors';
import { envelope, id, idempotentWrite, pageEnvelope, principalOf, timestamp, type RoutePlugin } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { invitedRoles } from '../../domain/invitation.ts';
import { cancelInvitation } from '../../operations/invitations/end-invitation.ts';
import { invite, resendInvitation } from '../../operations/invitations/invite.ts';
import { selectInvitations, type Invitation } from '../../store/invitations/invitations.ts';
import { findOrganization } from '../../store/organizations/organizations.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { emailAddress } from '../email-address.ts';
import { partRights } from '../rights.ts';
import { pathOfId, readForCaller, writeForCaller } from '../write.ts';

const role = z.enum(invitedRoles).meta({
  description: 'Of the whole tenant, or of the organization (then `member` in the tenant)',
  examples: ['member'],
});
const state = z.enum(['pending', 'accepted', 'declined', 'canceled', 'expired']);
const invitation = z.object({
  id: z.uuid(),
  organizationId: z.uuid(),
  email: z.string(),
  role: z.string().meta({ examples: ['member'] }),
  teamIds: z.array(z.uuid()),
  invitedBy: z.string(),
  state,
  expiresAt: timestamp(),
  version: z.int(),
  createdAt: timestamp(),
});
const newInvitation = z.strictObject({
  email: emailAddress,
  role: role.default('member'),
  teamIds: z.array(id()).max(20).default([]).meta({ description: 'Teams of the organization to join' }),
});
const path = '/api/v1/auth/organizations/:id/invitations';
const pathOfInvitation = z.strictObject({ id: id(), invitationId: id() });
const tags = ['invitations'];
const inviteErrors = ['CONFLICT', 'REFERENCE_INVALID', 'SCOPE_ESCALATION', 'SIGNUP_CLOSED'];

type App = Parameters<RoutePlugin>[0];

/** Invitations of an organization, as its administrators see them. */
export function invitationRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerList(app, ctx);
    registerCreate(app, ctx);
    registerInviteUser(app, ctx);
    app.delete(`${path}/:invitationId`, {
      config: { permission: 'auth:member:manage', part: true, errors: ['INVALID_STATE'] },
      schema: {
        operationId: 'cancelInvitation',
        summary: 'Take an invitation back; its link is dead',
        tags,
        params: pathOfInvitation,
        response: { 204: z.null().meta({ description: 'The invitation is canceled' }) },
      },
      handler: async (request, reply) => {
        const { id: organizationId, invitationId } = request.params;
        await requireManaging(ctx, request, organizationId);
        await writeForCaller(ctx, request, (tx) => cancelInvitation(tx, ctx, { organizationId, invitationId }));
        return reply.code(204).send(null);
      },
    });
    app.post(`${path}/:invitationId/resend`, {
      config: { permission: 'auth:member:manage', part: true, errors: ['INVALID_STATE'] },
      schema: {
        operationId: 'resendInvitation',
        summary: 'Send the mail once more, with a new link for another seven days',
        tags,
        params: pathOfInvitation,
        response: { 200: envelope(invitation) },
      },
      handler: async (request, reply) => {
        const { id: organizationId, invitationId } = request.params;
        await requireManaging(ctx, request, organizationId);
        await idempotentWrite(
          request,
          reply,
          ctx.database,
          async (tx) => ({
            status: 200,
            data: await resendInvitation(tx, ctx, { organizationId, invitationId }),
          }),
          { global: true },
        );
        return reply;
      },
    });
  };
}

/** 404 for an organization the caller does not see, 403 where it may not say who belongs to it. */
async function requireManaging(ctx: AuthContext, request: FastifyRequest, organizationId: string): Promise<void> {
  const rights = await partRights(ctx, request, { type: 'organization', permission: 'auth:member:manage' });
  rights.require(organizationId);
}

function registerCreate(app: App, ctx: AuthContext): void {
  app.post(path, {
    config: { permission: 'auth:member:manage', part: true, errors: inviteErrors },
    schema: {
      operationId: 'createInvitation',
      summary: 'Invite somebody into an organization by mail',
      tags,
      params: pathOfId,
      body: newInvitation,
      response: { 201: envelope(invitation) },
    },
    handler: async (request, reply) => {
      const organizationId = request.params.id;
      await requireManaging(ctx, request, organizationId);
      const input = { ...request.body, organizationId, principal: principalOf(request) };
      await idempotentWrite(
        request,
        reply,
        ctx.database,
        async (tx) => {
          const data = await invite(tx, ctx, input);
          return { status: 201, data };
        },
        { global: true },
      );
      return reply;
    },
  });
}

function registerInviteUser(app: App, ctx: AuthContext): void {
  app.post('/api/v1/users', {
    config: { permission: 'auth:user:manage', errors: inviteErrors },
    schema: {
      operationId: 'inviteUser',
      summary: 'Invite somebody into the tenant by mail',
      tags: ['users'],
      body: newInvitation.extend({
        organizationId: id().optional().meta({ description: "Default: the tenant's default organization" }),
      }),
      response: { 201: envelope(invitation) },
    },
    handler: async (request, reply) => {
      const input = { ...request.body, principal: principalOf(request) };
      const write = async (tx: Parameters<typeof invite>[0]) => ({ status: 201, data: await invite(tx, ctx, input) });
      await idempotentWrite(request, reply, ctx.database, write, { global: true });
      return reply;
    },
  });
}

function registerList(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:member:read', part: true, errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listInvitations',
      summary: 'List the invitations of an organization, the oldest first',
      tags,
      params: pathOfId,
      querystring: z.strictObject({ ...listPageQuery, state: state.optional() }),
      response: { 200: pageEnvelope(invitation) },
    },
    handler: async (request) => {
      const organizationId = request.params.id;
      const rights = await partRights(ctx, request, { type: 'organization', permission: 'auth:member:read' });
      rights.require(organizationId);
      return readForCaller(ctx, request, async (tx) => {
        if ((await findOrganization(tx, organizationId)) === undefined) {
          throw new NotFoundError('the organization does not exist');
        }
        const query = selectInvitations(tx, { organizationId, state: request.query.state });
        const { data, meta } = await readListPage(tx, request, query, {
          sort: [{ column: 'created_at' }, { column: 'id' }],
          asked: request.query,
        });
        return { data: data as unknown as Invitation[], meta };
      });
    },
  });
}
