import { etag, type Tx } from '@idp/database';
import { envelope, idempotentWrite, principalOf, text, type RoutePlugin } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { changeAccountState } from '../../operations/members/change-account-state.ts';
import { resumeMember, setMfaRequired, suspendMember } from '../../operations/members/change-member-state.ts';
import type { MemberChange } from '../../operations/members/member-guards.ts';
import type { Member } from '../../store/members/members.ts';
import type { Tables } from '../../store/tables.ts';
import { matchOf, pathOfId } from '../write.ts';
import { showMember, userView } from './view.ts';

const reason = text({ max: 500 })
  .default('')
  .meta({ examples: ['left for a year'] });
const reasoned = z.strictObject({ reason });
const path = '/api/v1/users/:id';
const tags = ['users'];

type App = Parameters<RoutePlugin>[0];
type Change = (tx: Tx<Tables>, input: MemberChange, request: FastifyRequest) => Promise<Member>;

/** What stops or lets go on: a membership, or an account as such. */
export function userStateRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerMembershipState(app, ctx);
    registerAccountState(app, ctx);
  };
}

function registerMembershipState(app: App, ctx: AuthContext): void {
  const actions: { action: string; operationId: string; summary: string; body: z.ZodObject; change: Change }[] = [
    {
      action: 'suspend',
      operationId: 'suspendUser',
      summary: 'Keep a member out of the tenant for now; its sessions there end',
      body: reasoned,
      change: (tx, input, { body }) => suspendMember(tx, ctx, { ...input, ...(body as { reason: string }) }),
    },
    {
      action: 'resume',
      operationId: 'resumeUser',
      summary: 'Let a suspended member in again',
      body: reasoned,
      change: (tx, input, { body }) => resumeMember(tx, ctx, { ...input, ...(body as { reason: string }) }),
    },
    {
      action: 'require-mfa',
      operationId: 'requireUserMfa',
      summary: 'Ask a member for a second factor, or no longer',
      body: z.strictObject({ required: z.boolean().default(true) }),
      change: (tx, input, { body }) => setMfaRequired(tx, ctx, { ...input, ...(body as { required: boolean }) }),
    },
  ];
  for (const { action, operationId, summary, body, change } of actions) {
    app.post(`${path}/${action}`, {
      config: {
        permission: 'auth:user:manage',
        errors: ['INVALID_STATE', 'LAST_OWNER', 'SCOPE_ESCALATION', 'PRECONDITION_FAILED'],
      },
      schema: { operationId, summary, tags, params: pathOfId, body, response: { 200: envelope(userView) } },
      handler: async (request, reply) => {
        const { id: userId } = request.params;
        const input = { userId, principal: principalOf(request), precondition: matchOf(request) };
        return idempotentWrite(
          request,
          reply,
          ctx.database,
          async (tx) => {
            const data = await showMember(tx, ctx, await change(tx, input, request));
            return { status: 200, data, headers: { etag: etag(data.version) } };
          },
          { global: true },
        );
      },
    });
  }
}

function registerAccountState(app: App, ctx: AuthContext): void {
  for (const [action, status] of [
    ['disable', 'disabled'],
    ['enable', 'active'],
  ] as const) {
    app.post(`${path}/${action}`, {
      config: {
        permission: 'auth:user:manage',
        // A second call finds the account in the state the first one left: 409, and nothing happens twice.
        idempotency: 'none',
        errors: ['INVALID_STATE', 'LAST_OWNER', 'SCOPE_ESCALATION'],
      },
      schema: {
        operationId: `${action}User`,
        summary: `${status === 'active' ? 'Enable' : 'Disable'} an account itself: by the platform, or by the tenant that manages it`,
        tags,
        params: pathOfId,
        body: reasoned,
        response: { 204: z.null().meta({ description: `The account is ${status}` }) },
      },
      handler: async (request, reply) => {
        const { reason: why } = request.body;
        const principal = principalOf(request);
        await changeAccountState(ctx, { userId: request.params.id, principal, status, reason: why });
        return reply.code(204).send(null);
      },
    });
  }
}
