import { NotFoundError, ValidationError } from '@idp/errors';
import { envelope, id, isUnchanged, pageEnvelope, principalOf, text, timestamp, type RoutePlugin } from '@idp/service';
import type { ScopeRef } from '@idp/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { bindingRecord } from '../../operations/access/binding-events.ts';
import { changeBinding, grantRole, revokeBinding, type NewGrant } from '../../operations/access/bindings.ts';
import { findBinding, selectBindings } from '../../store/access/bindings.ts';
import { findMember } from '../../store/members/members.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { bindingRights, visibleBindings, type BindingRights } from '../rights.ts';
import { matchOf, pathOfId, readForCaller } from '../write.ts';
import { answerCreated, answerDeleted, answerUpdated } from './change.ts';
import { accessDiff, binding, condition, dryRun, grantMembers, holderType, roleId, scopeType } from './schemas.ts';

const newBinding = z.strictObject({ principalType: holderType, principalId: id(), ...grantMembers });
const newUserRole = z.strictObject(grantMembers);
const change = z.strictObject({
  expiresAt: timestamp().nullable().optional().meta({ description: 'Null: it does not end' }),
  condition: condition().nullable().optional().meta({ description: 'Null takes the condition away' }),
  reason: text({ max: 1_000 }).nullable().optional(),
});
const path = '/api/v1/auth/role-bindings';
const tags = ['role-bindings'];
const errors = ['SCOPE_ESCALATION', 'CONFLICT', 'CONDITION_INVALID', 'CONDITION_NOT_FILTERABLE', 'REFERENCE_INVALID'];

type App = Parameters<RoutePlugin>[0];

/** Who holds which role, where, how long and under which condition. */
export function bindingRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerReads(app, ctx);
    registerGrants(app, ctx);
    app.patch(`${path}/:id`, {
      config: {
        permission: 'auth:binding:grant',
        part: true,
        errors: [...errors, 'LAST_OWNER', 'PRECONDITION_FAILED'],
      },
      schema: {
        operationId: 'updateRoleBinding',
        summary: 'Change how long and under which condition a role is held; honours If-Match',
        tags,
        params: pathOfId,
        querystring: z.strictObject(dryRun),
        body: change,
        response: { 200: envelope(z.union([binding, accessDiff])) },
      },
      handler: async (request, reply) => {
        const target = await targetOf(ctx, request, { id: request.params.id, permission: 'auth:binding:grant' });
        return answerUpdated(ctx, request, reply as never, {
          dryRun: request.query.dryRun,
          run: (tx) => changeBinding(tx, ctx, { ...target, change: request.body }),
          overlay: (made) => ({ bindings: [bindingRecord(made)] }),
          show: (made) => made,
        });
      },
    });
    app.delete(`${path}/:id`, {
      config: {
        permission: 'auth:binding:revoke',
        part: true,
        errors: ['SCOPE_ESCALATION', 'LAST_OWNER', 'PRECONDITION_FAILED'],
      },
      schema: {
        operationId: 'deleteRoleBinding',
        summary: 'Take a role away; honours If-Match',
        tags,
        params: pathOfId,
        querystring: z.strictObject(dryRun),
        response: { 200: envelope(accessDiff), 204: z.null().meta({ description: 'The role is not held any more' }) },
      },
      handler: async (request, reply) => {
        const target = await targetOf(ctx, request, { id: request.params.id, permission: 'auth:binding:revoke' });
        return answerDeleted(ctx, request, reply as never, {
          dryRun: request.query.dryRun,
          run: (tx) => revokeBinding(tx, ctx, target),
          overlay: () => ({ without: { bindings: [target.id] } }),
        }) as never;
      },
    });
  };
}

function registerGrants(app: App, ctx: AuthContext): void {
  const querystring = z.strictObject(dryRun);
  const response = { 200: envelope(accessDiff), 201: envelope(binding) };
  app.post(path, {
    config: { permission: 'auth:binding:grant', part: true, errors },
    schema: {
      operationId: 'createRoleBinding',
      summary: 'Give a role to a user, a team or a service account',
      tags,
      querystring,
      body: newBinding,
      response,
    },
    handler: (request, reply) =>
      answerGrant(ctx, request, reply, request.query.dryRun, grantOf(request.body, request.body)) as never,
  });
  app.post('/api/v1/users/:id/roles', {
    config: { permission: 'auth:binding:grant', part: true, errors },
    schema: {
      operationId: 'assignUserRole',
      summary: 'Give a role to a member of the tenant',
      tags,
      params: pathOfId,
      querystring,
      body: newUserRole,
      response,
    },
    handler: async (request, reply) => {
      const holder = { principalType: 'user' as const, principalId: request.params.id };
      const member = await readForCaller(ctx, request, (tx) => findMember(tx, holder.principalId));
      if (member === undefined) throw new NotFoundError('the user is no member');
      return answerGrant(ctx, request, reply, request.query.dryRun, grantOf(holder, request.body)) as never;
    },
  });
}

/** A binding that is to be changed: 404 where the caller does not see it, else 403 where it may not do this there. */
async function targetOf(
  ctx: AuthContext,
  request: FastifyRequest,
  { id: bindingId, permission }: { id: string; permission: string },
) {
  const rights = await bindingRights(ctx, request, permission);
  const judgeScope = (scope: ScopeRef): void => {
    requireSeen(rights, scope);
    rights.require(scope);
  };
  return { id: bindingId, principal: principalOf(request), precondition: matchOf(request), judgeScope };
}

function requireSeen(rights: Pick<BindingRights, 'sees'>, scope: ScopeRef): void {
  if (!rights.sees(scope)) throw new NotFoundError('the binding does not exist');
}

async function answerGrant(
  ctx: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  isDryRun: boolean,
  grant: NewGrant,
): Promise<FastifyReply> {
  const { require: judgeScope } = await bindingRights(ctx, request, 'auth:binding:grant');
  const input = { principal: principalOf(request), judgeScope, ...grant };
  return answerCreated(ctx, request, reply, {
    path,
    dryRun: isDryRun,
    run: (tx) => grantRole(tx, ctx, input),
    overlay: (made) => ({ bindings: [bindingRecord(made)] }),
    show: (made) => made,
  });
}

type GrantMembers = z.output<typeof newUserRole>;

/** One form of the scope, whichever way it was given. */
function grantOf(holder: Pick<NewGrant, 'principalType' | 'principalId'>, members: GrantMembers): NewGrant {
  const { scope, orgId, scopeType: type, scopeId, ...rest } = members;
  const { principalType, principalId } = holder;
  if ((scope !== undefined && type !== undefined) || (orgId !== undefined && scope === undefined)) {
    const issues = [{ path: 'body.scope', message: 'give scopeType and scopeId, or scope and orgId' }];
    throw new ValidationError('the scope is given twice or by half', { issues });
  }
  const given = scope === 'org' ? ('organization' as const) : scope;
  return {
    ...rest,
    principalType,
    principalId,
    scopeType: given ?? type ?? 'tenant',
    scopeId: scopeId ?? (scope === 'org' ? orgId : undefined),
  };
}

function registerReads(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:binding:read', part: true, errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listRoleBindings',
      summary: 'List who holds which role, oldest first',
      tags,
      querystring: z.strictObject({
        ...listPageQuery,
        principalType: holderType.optional(),
        principalId: id().optional(),
        roleId: roleId().optional(),
        scopeType: scopeType.optional(),
        scopeId: id().optional(),
      }),
      response: { 200: pageEnvelope(binding) },
    },
    handler: async (request) => {
      const visible = await visibleBindings(ctx, request);
      return readForCaller(ctx, request, (tx) =>
        readListPage(tx, request, selectBindings(tx, request.query).where(visible), {
          sort: [{ column: 'id' }],
          asked: request.query,
        }),
      ) as never;
    },
  });
  app.get(`${path}/:id`, {
    config: { permission: 'auth:binding:read', part: true, cacheControl: 'private, no-cache' },
    schema: {
      operationId: 'getRoleBinding',
      summary: 'Get a role that somebody holds',
      tags,
      params: pathOfId,
      response: { 200: envelope(binding) },
    },
    handler: async (request, reply) => {
      const rights = await bindingRights(ctx, request, 'auth:binding:read');
      const found = await readForCaller(ctx, request, (tx) => findBinding(tx, request.params.id));
      if (found === undefined || !rights.sees(found)) throw new NotFoundError('the binding does not exist');
      if (isUnchanged(request, reply as never, found.version)) return reply.code(304 as never).send(undefined as never);
      return { data: found };
    },
  });
}
