import { contextOf, decide, explain, type Explanation } from '@idp/auth';
import { envelope, name, principalOf, type RoutePlugin } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { readAsked, requestOf, requireAsking, requireDeclared } from '../../operations/access/question.ts';
import { worldIf, type WhatIf } from '../../operations/access/what-if.ts';
import { readForCaller } from '../write.ts';
import { overlay, questionMembers, questionOf, statement } from './question-schemas.ts';

const version = z.int().meta({ description: 'Version of the tenant that was asked' });
const tags = ['decisions'];
const config = {
  access: 'authenticated',
  idempotency: 'none',
  errors: ['PERMISSION_DENIED', 'UNKNOWN_PERMISSION', 'AUTHZ_STALE'],
} as const;

type App = Parameters<RoutePlugin>[0];

/** May somebody do something, and why? */
export function decisionRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerChecks(app, ctx);
    app.post('/api/v1/auth/authz/evaluate', {
      config: {
        ...config,
        errors: [...config.errors, 'CONDITION_INVALID', 'CONDITION_NOT_FILTERABLE', 'REFERENCE_INVALID', 'ROLE_CYCLE'],
      },
      schema: {
        operationId: 'evaluateDecision',
        summary: 'Decide and explain, also over what would be different; nothing is stored',
        tags,
        body: z.strictObject({ ...questionMembers, overlay: overlay.optional() }),
        response: {
          200: envelope(
            z.object({ allowed: z.boolean(), reason: z.string(), version, statements: z.array(statement) }),
          ),
        },
      },
      handler: async (request) => {
        const principal = principalOf(request);
        const { overlay: whatIf, ...body } = request.body;
        await requireAsking(ctx, principal, [body.principal]);
        const redact = !(await ctx.decisions.allows(principal, 'auth:decision:explain'));
        const now = ctx.clock();
        const { world: known, catalogue } = await readForCaller(ctx, request, (tx) => readAsked(tx, ctx));
        requireDeclared(catalogue, [body.permission]);
        const world = whatIf === undefined ? known : worldIf(known, catalogue, whatIf as WhatIf, now);
        const asked = requestOf(principal, questionOf(body), callOf(ctx, request));
        return { data: explanationView(explain(world, asked, now.getTime(), { redact })) };
      },
    });
  };
}

function registerChecks(app: App, ctx: AuthContext): void {
  app.post('/api/v1/auth/authz/check', {
    config,
    schema: {
      operationId: 'checkPermission',
      summary: 'May the caller, or somebody else, do this?',
      tags,
      body: z.strictObject(questionMembers),
      response: { 200: envelope(z.object({ allowed: z.boolean(), version })) },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      await requireAsking(ctx, principal, [request.body.principal]);
      const { world, catalogue } = await readForCaller(ctx, request, (tx) => readAsked(tx, ctx));
      requireDeclared(catalogue, [request.body.permission]);
      const asked = requestOf(principal, questionOf(request.body), callOf(ctx, request));
      const decision = decide(world, asked, ctx.clock().getTime());
      return { data: { allowed: decision.allowed, version: decision.version } };
    },
  });
  app.post('/api/v1/auth/authz/batch-check', {
    config,
    schema: {
      operationId: 'checkPermissions',
      summary: 'Up to 100 checks, all of one version',
      tags,
      body: z.strictObject({
        items: z
          .array(z.strictObject({ id: name({ max: 100 }), ...questionMembers }))
          .min(1)
          .max(100),
      }),
      response: {
        200: envelope(z.object({ items: z.array(z.object({ id: z.string(), allowed: z.boolean() })), version })),
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { items } = request.body;
      await requireAsking(
        ctx,
        principal,
        items.map((item) => item.principal),
      );
      const { world, catalogue } = await readForCaller(ctx, request, (tx) => readAsked(tx, ctx));
      requireDeclared(
        catalogue,
        items.map(({ permission }) => permission),
      );
      const [call, now] = [callOf(ctx, request), ctx.clock().getTime()];
      const decided = items.map(({ id, ...question }) => ({
        id,
        allowed: decide(world, requestOf(principal, questionOf(question), call), now).allowed,
      }));
      return { data: { items: decided, version: world.version } };
    },
  });
}

/** What conditions may know of this call. */
function callOf({ clock }: Pick<AuthContext, 'clock'>, request: FastifyRequest) {
  return contextOf(principalOf(request), { ip: request.ip, mutates: false }, clock());
}

function explanationView({ statements, ...decision }: Explanation) {
  return {
    ...decision,
    statements: statements.map(({ binding, ...said }) => ({
      ...said,
      permissions: [...said.permissions],
      conditions: said.conditions.map(({ trace, ...asked }) => ({
        ...asked,
        ...(trace !== undefined && { trace: { ...trace } }),
      })),
      ...(binding !== undefined && {
        binding: {
          id: binding.id,
          heldBy: binding.heldBy,
          rolePath: [...binding.rolePath],
          startsAt: new Date(binding.startsAt).toISOString(),
          ...(binding.expiresAt !== undefined && { expiresAt: new Date(binding.expiresAt).toISOString() }),
        },
      }),
    })),
  };
}
