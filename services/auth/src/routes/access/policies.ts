import { NotFoundError } from '@idp/errors';
import {
  envelope,
  id,
  isUnchanged,
  name,
  pageEnvelope,
  principalOf,
  text,
  timestamp,
  type RoutePlugin,
} from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { createPolicy, deletePolicy, updatePolicy } from '../../operations/access/policies.ts';
import { policyRecord } from '../../operations/access/policy-events.ts';
import { findPolicy, selectPolicies, type Policy } from '../../store/access/policies.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { matchOf, pathOfId, readForCaller } from '../write.ts';
import { answerCreated, answerDeleted, answerUpdated } from './change.ts';
import {
  accessDiff,
  condition,
  dryRun,
  effect,
  newPolicySubjects,
  permissionPattern,
  policySubjects,
  scopeType,
} from './schemas.ts';

const policy = z.object({
  id: z.uuid(),
  name: z.string(),
  description: z.string(),
  effect,
  permissions: z.array(z.string()),
  subjects: policySubjects,
  scopeType,
  scopeId: z.uuid(),
  condition: z.string().nullable(),
  enabled: z.boolean(),
  version: z.int(),
  createdAt: timestamp(),
  updatedAt: timestamp(),
});

const permissions = z.array(permissionPattern()).min(1).max(100);
const scope = {
  scopeType: scopeType.optional().meta({ description: 'Where it counts; default: the tenant' }),
  scopeId: id().optional().meta({ description: 'May be left out for the whole tenant' }),
};
const newPolicy = z.strictObject({
  name: name({ max: 100 }),
  description: text({ max: 2_000 }).default(''),
  effect: effect.default('deny'),
  permissions,
  subjects: newPolicySubjects.default('all'),
  ...scope,
  condition: condition().optional(),
  enabled: z.boolean().default(true),
});
const change = z.strictObject({
  name: name({ max: 100 }).optional(),
  description: text({ max: 2_000 }).optional(),
  effect: effect.optional(),
  permissions: permissions.optional(),
  subjects: newPolicySubjects.optional(),
  ...scope,
  condition: condition().nullable().optional().meta({ description: 'Null takes the condition away' }),
  enabled: z.boolean().optional(),
});
const path = '/api/v1/auth/policies';
const tags = ['policies'];
const errors = [
  'SCOPE_ESCALATION',
  'NAME_TAKEN',
  'INVALID_STATE',
  'UNKNOWN_PERMISSION',
  'CONDITION_INVALID',
  'CONDITION_NOT_FILTERABLE',
  'REFERENCE_INVALID',
];

type App = Parameters<RoutePlugin>[0];

/** Guard rails that count whatever roles say. */
export function policyRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerReads(app, ctx);
    app.post(path, {
      config: { permission: 'auth:policy:manage', errors },
      schema: {
        operationId: 'createPolicy',
        summary: 'Make a policy',
        tags,
        querystring: z.strictObject(dryRun),
        body: newPolicy,
        response: { 200: envelope(accessDiff), 201: envelope(policy) },
      },
      handler: (request, reply) => {
        const { scopeType: type = 'tenant', ...body } = request.body;
        const input = { principal: principalOf(request), scopeType: type, ...body };
        return answerCreated(ctx, request, reply, {
          path,
          dryRun: request.query.dryRun,
          run: (tx) => createPolicy(tx, ctx, input as Parameters<typeof createPolicy>[2]),
          overlay: overlayOf,
          show: (made) => made,
        }) as never;
      },
    });
    app.patch(`${path}/:id`, {
      config: { permission: 'auth:policy:manage', errors: [...errors, 'PRECONDITION_FAILED'] },
      schema: {
        operationId: 'updatePolicy',
        summary: 'Change a policy, or switch it on and off; honours If-Match',
        tags,
        params: pathOfId,
        querystring: z.strictObject(dryRun),
        body: change,
        response: { 200: envelope(z.union([policy, accessDiff])) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, principal: principalOf(request), precondition: matchOf(request) };
        const input = { ...target, change: request.body } as Parameters<typeof updatePolicy>[2];
        return answerUpdated(ctx, request, reply as never, {
          dryRun: request.query.dryRun,
          run: (tx) => updatePolicy(tx, ctx, input),
          overlay: overlayOf,
          show: (made) => made as z.input<typeof policy>,
        });
      },
    });
    app.delete(`${path}/:id`, {
      config: { permission: 'auth:policy:manage', errors: ['PRECONDITION_FAILED'] },
      schema: {
        operationId: 'deletePolicy',
        summary: 'Delete a policy; honours If-Match',
        tags,
        params: pathOfId,
        querystring: z.strictObject(dryRun),
        response: { 200: envelope(accessDiff), 204: z.null().meta({ description: 'The policy is gone' }) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, principal: principalOf(request), precondition: matchOf(request) };
        return answerDeleted(ctx, request, reply as never, {
          dryRun: request.query.dryRun,
          run: (tx) => deletePolicy(tx, ctx, target),
          overlay: () => ({ without: { policies: [target.id] } }),
        }) as never;
      },
    });
  };
}

/** A policy that is switched off is as good as none. */
function overlayOf(made: Policy) {
  return made.enabled ? { policies: [policyRecord(made)] } : { without: { policies: [made.id] } };
}

function registerReads(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:policy:read', errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listPolicies',
      summary: 'List policies by name',
      tags,
      querystring: z.strictObject({ ...listPageQuery, effect: effect.optional(), enabled: z.boolean().optional() }),
      response: { 200: pageEnvelope(policy) },
    },
    handler: (request) =>
      readForCaller(ctx, request, (tx) =>
        readListPage(tx, request, selectPolicies(tx, request.query), {
          sort: [{ column: 'name_norm' }, { column: 'id' }],
          asked: request.query,
        }),
      ) as never,
  });
  app.get(`${path}/:id`, {
    config: { permission: 'auth:policy:read', cacheControl: 'private, no-cache' },
    schema: {
      operationId: 'getPolicy',
      summary: 'Get a policy',
      tags,
      params: pathOfId,
      response: { 200: envelope(policy) },
    },
    handler: async (request, reply) => {
      const found = await readForCaller(ctx, request, (tx) => findPolicy(tx, request.params.id));
      if (found === undefined) throw new NotFoundError('the policy does not exist');
      if (isUnchanged(request, reply as never, found.version)) return reply.code(304 as never).send(undefined as never);
      return { data: found as z.input<typeof policy> };
    },
  });
}
