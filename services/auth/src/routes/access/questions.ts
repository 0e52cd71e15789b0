import { askerOf, effectivePermissions, listSubjects, scopesOf, type DecisionPrincipal } from '@idp/auth';
import { NotFoundError } from '@idp/errors';
import { cursor, envelope, limit, pageEnvelope, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { readAsked, requireAsking, requireDeclared, type Asked } from '../../operations/access/question.ts';
import { pathOfId, readForCaller } from '../write.ts';
import { grantView, partsOf, permissionName, scopes, subjectsQuestion } from './question-schemas.ts';

const version = z.int().meta({ description: 'Version of the tenant that was asked' });
const held = z.object({
  version,
  permissions: z.array(z.object({ permission: z.string(), ...scopes })),
});
const subject = z.object({
  type: z.enum(['user', 'service-account']),
  id: z.uuid(),
  by: z.object({
    bindingId: z.string().optional(),
    teamId: z.uuid().optional().meta({ description: 'The team that holds the role' }),
    policyId: z.uuid().optional(),
  }),
});
const declared = z.object({
  name: z.string(),
  service: z.string(),
  description: z.string(),
  resource: z.string(),
  role: z.enum(['viewer', 'member', 'admin', 'owner']).meta({ description: 'The lowest role that holds it' }),
  roles: z.array(z.string()).meta({ description: 'Other system roles that hold it' }),
  attributes: z.record(z.string(), z.string()).meta({ description: 'What conditions may ask of the resource' }),
  list: z.boolean().meta({ description: 'Decides which rows lists show: its conditions must filter in SQL' }),
  sensitive: z.boolean(),
  stepUp: z
    .object({ acr: z.enum(['idp:aal1', 'idp:aal2', 'idp:phr']), maxAgeSeconds: z.int() })
    .nullable()
    .meta({ description: 'How strong and how recent, in seconds, a sign-in must be' }),
});
const tags = ['decisions'];

type App = Parameters<RoutePlugin>[0];

/** Who may, where, and what at all. */
export function questionRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerCatalogue(app, ctx);
    registerSubjects(app, ctx);
    registerHeld(app, ctx);
  };
}

function registerCatalogue(app: App, ctx: AuthContext): void {
  app.get('/api/v1/auth/permissions', {
    config: { access: 'authenticated' },
    schema: {
      operationId: 'listPermissions',
      summary: 'Every permission the services declare',
      tags,
      response: { 200: pageEnvelope(declared) },
    },
    handler: async (request) => {
      const { permissions } = await readForCaller(ctx, request, (tx) => ctx.catalogues.current(tx));
      const data = permissions.map(
        ({ roles = [], attributes = {}, list = false, sensitive = false, stepUp, ...entry }) => ({
          ...entry,
          stepUp: stepUp === undefined ? null : { acr: 'idp:aal1' as const, ...stepUp },
          roles: [...roles],
          attributes: { ...attributes },
          list,
          sensitive,
        }),
      );
      return { data, meta: { total: data.length } };
    },
  });
}

function registerSubjects(app: App, ctx: AuthContext): void {
  app.post('/api/v1/auth/authz/list-subjects', {
    config: {
      permission: 'auth:decision:check',
      idempotency: 'none',
      errors: ['UNKNOWN_PERMISSION', 'INVALID_CURSOR', 'AUTHZ_STALE'],
    },
    schema: {
      operationId: 'listSubjects',
      summary: 'Who may do this, and what says so',
      tags,
      body: z.strictObject({ ...subjectsQuestion, limit: limit(), cursor: cursor() }),
      response: { 200: pageEnvelope(subject) },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { limit: size, cursor: position, ...question } = request.body;
      const binding = { principal: principal.id, route: 'POST list-subjects', filter: question };
      return readForCaller(ctx, request, async (tx) => {
        const { world, catalogue } = await readAsked(tx, ctx);
        requireDeclared(catalogue, [question.permission]);
        const after = position === undefined ? [] : tx.cursors.decode(position, binding, 'asc id');
        const { subjects, next } = listSubjects(
          world,
          { permission: question.permission, ...partsOf(question) },
          ctx.clock().getTime(),
          { ...(typeof after[0] === 'string' && { after: after[0] }), limit: size },
        );
        const meta = next === undefined ? {} : { nextCursor: tx.cursors.encode([next], binding, 'asc id') };
        return { data: subjects, meta: { limit: size, ...meta } };
      });
    },
  });
}

function registerHeld(app: App, ctx: AuthContext): void {
  const heldBy = ({ world, catalogue }: Asked, principal: DecisionPrincipal) => {
    const permissions = effectivePermissions(world, principal, catalogue.names, ctx.clock().getTime());
    const shown = permissions.map(({ permission, allowed, except }) => ({
      permission,
      allowed: allowed.map(grantView),
      except: except.map(grantView),
    }));
    return { data: { version: world.version, permissions: shown } };
  };
  app.get('/api/v1/auth/authz/scopes', {
    config: { access: 'authenticated', errors: ['UNKNOWN_PERMISSION', 'AUTHZ_STALE'] },
    schema: {
      operationId: 'listScopes',
      summary: 'Where the caller may do this',
      tags,
      querystring: z.strictObject({ permission: permissionName() }),
      response: { 200: envelope(z.object({ version, ...scopes })) },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { permission } = request.query;
      const { world, catalogue } = await readForCaller(ctx, request, (tx) => readAsked(tx, ctx));
      requireDeclared(catalogue, [permission]);
      const { allowed, except } = scopesOf(world, askerOf(principal), permission, ctx.clock().getTime());
      return { data: { version: world.version, allowed: allowed.map(grantView), except: except.map(grantView) } };
    },
  });
  app.get('/api/v1/auth/me/permissions', {
    config: { access: 'authenticated', errors: ['AUTHZ_STALE'] },
    schema: {
      operationId: 'listOwnPermissions',
      summary: 'What the caller may do: where, from what, until when',
      tags,
      response: { 200: envelope(held) },
    },
    handler: async (request) => {
      const asked = await readForCaller(ctx, request, (tx) => readAsked(tx, ctx));
      return heldBy(asked, askerOf(principalOf(request)));
    },
  });
  app.get('/api/v1/users/:id/permissions', {
    config: { access: 'authenticated', errors: ['PERMISSION_DENIED', 'AUTHZ_STALE'] },
    schema: {
      operationId: 'listUserPermissions',
      summary: 'What a member may do; needs auth:decision:check for others',
      tags,
      params: pathOfId,
      response: { 200: envelope(held) },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { id } = request.params;
      await requireAsking(ctx, principal, [{ type: 'user', id }]);
      const { tenantId } = principal;
      const asked = await readForCaller(ctx, request, (tx) => readAsked(tx, ctx));
      if (asked.world.people.subject('user', id) === undefined) throw new NotFoundError('the user is no member');
      return heldBy(asked, { type: 'user', id, tenantId });
    },
  });
}
