import { NotFoundError } from '@idp/errors';
import { envelope, name, principalOf, type RoutePlugin } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { acceptInvitation, declineInvitation } from '../../operations/invitations/answer-invitation.ts';
import { registerInvited } from '../../operations/invitations/register-invited.ts';
import { emailAddress } from '../email-address.ts';
import { credentialBytesMax, password, tenantSummary } from '../schemas.ts';

const token = z.string().min(1).max(200).meta({ description: 'From the mail' });
const answer = z.strictObject({ token });
const joined = z.object({ tenant: tenantSummary, organizationId: z.uuid() });
const registration = z.strictObject({
  email: emailAddress,
  password,
  fullName: name(),
  invitationToken: token.optional(),
});
const accepted = z.object({ status: z.literal('accepted') });
const tags = ['invitations'];

type App = Parameters<RoutePlugin>[0];

/** What the invited person says. */
export function invitationAnswerRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.post('/api/v1/auth/invitations/accept', {
      bodyLimit: credentialBytesMax,
      // A second call finds the link used: 404, and nothing happens twice. The row belongs to another tenant than the caller's.
      config: { access: 'authenticated', idempotency: 'none', errors: ['NOT_FOUND', 'CONFLICT', 'SIGNUP_CLOSED'] },
      schema: {
        operationId: 'acceptInvitation',
        summary: 'Join the tenant an invitation came from; sign in there or switch to it afterwards',
        tags,
        body: answer,
        response: { 200: envelope(joined) },
      },
      handler: async (request) => {
        const data = await acceptInvitation(ctx, { token: request.body.token, userId: personOf(request) });
        return { data };
      },
    });
    app.post('/api/v1/auth/invitations/decline', {
      bodyLimit: credentialBytesMax,
      config: { access: 'authenticated', idempotency: 'none', errors: ['NOT_FOUND'] },
      schema: {
        operationId: 'declineInvitation',
        summary: 'Say no to an invitation',
        tags,
        body: answer,
        response: { 204: z.null().meta({ description: 'The invitation is declined' }) },
      },
      handler: async (request, reply) => {
        await declineInvitation(ctx, { token: request.body.token, userId: personOf(request) });
        return reply.code(204).send(null);
      },
    });
    registerRegistration(app, ctx);
  };
}

function registerRegistration(app: App, ctx: AuthContext): void {
  app.post('/api/v1/auth/register', {
    bodyLimit: credentialBytesMax,
    config: {
      access: 'public',
      idempotency: 'none',
      rateClass: 'login',
      errors: ['SIGNUP_CLOSED', 'PASSWORD_REJECTED', 'HASH_BUSY'],
    },
    schema: {
      operationId: 'register',
      summary: 'Make an account with an invitation; the answer is the same where the address has one',
      tags,
      body: registration,
      response: { 202: envelope(accepted) },
    },
    handler: async (request, reply) => {
      const { fullName, ...account } = request.body;
      await registerInvited(ctx, { ...account, name: fullName });
      return reply.code(202).send({ data: { status: 'accepted' as const } });
    },
  });
}

/** Invitations are for people: to any other credential none waits. */
function personOf(request: FastifyRequest): string {
  const principal = principalOf(request);
  if (principal.type !== 'user') throw new NotFoundError('no invitation waits here');
  return principal.id;
}
