import { platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { NotFoundError } from '@idp/errors';
import {
  envelope,
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
import { isOwnRole } from '../../domain/role.ts';
import { roleRecord } from '../../operations/access/role-events.ts';
import { createRole, deleteRole, updateRole } from '../../operations/access/roles.ts';
import { findRole, listRoles, selectRoles, type ListedRole, type Role } from '../../store/access/roles.ts';
import type { Tables } from '../../store/tables.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { matchOf, readForCaller } from '../write.ts';
import { answerCreated, answerDeleted, answerUpdated } from './change.ts';
import { accessDiff, dryRun, newRule, pathOfRole, permissionPattern, roleId, rule } from './schemas.ts';

const role = z.object({
  id: z.string().meta({ description: 'UUID, or the key of a system role' }),
  name: z.string(),
  description: z.string(),
  system: z.boolean().meta({ description: 'Made from what the services declare; read-only' }),
  rules: z.array(rule),
  permissions: z.array(z.string()).meta({ description: 'What the rules allow without a condition' }),
  parentRoleIds: z.array(z.string()),
  version: z.int().optional(),
  createdAt: timestamp().optional(),
  updatedAt: timestamp().optional(),
});

const permissions = z
  .array(
    z.union([
      permissionPattern(),
      z.strictObject({
        action: z.string().regex(/^(?:[a-z][a-z0-9-]{0,62}|\*)$/, 'must be an action'),
        resource: z
          .string()
          .regex(/^(?:[a-z][a-z0-9-]{0,62}(?::[a-z][a-z0-9-]{0,62})?|\*)$/, 'must be a resource type'),
        conditions: z.record(name({ max: 100 }), z.unknown()).optional(),
      }),
    ]),
  )
  .max(200)
  .optional()
  .meta({
    description: 'Rules in short: permissions to allow, or actions on resources with attributes that must be equal',
  });

const members = {
  description: text({ max: 2_000 }).optional(),
  rules: z.array(newRule).max(200).optional(),
  permissions,
  parentRoleIds: z.array(roleId()).max(20).optional().meta({ description: 'Roles whose rules it holds as well' }),
};
const newRole = z.strictObject({ name: name({ max: 100 }), ...members });
const change = z.strictObject({ name: name({ max: 100 }).optional(), ...members });
const path = '/api/v1/auth/roles';
const tags = ['roles'];
const errors = [
  'SCOPE_ESCALATION',
  'NAME_TAKEN',
  'CONFLICT',
  'UNKNOWN_PERMISSION',
  'ROLE_CYCLE',
  'CONDITION_INVALID',
  'CONDITION_NOT_FILTERABLE',
  'REFERENCE_INVALID',
];

type App = Parameters<RoutePlugin>[0];
type Shown = z.input<typeof role>;

/** Roles of the tenant, beside those of the platform. */
export function roleRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerReads(app, ctx);
    app.post(path, {
      config: { permission: 'auth:role:manage', errors },
      schema: {
        operationId: 'createRole',
        summary: 'Make a role',
        tags,
        querystring: z.strictObject(dryRun),
        body: newRole,
        response: { 200: envelope(accessDiff), 201: envelope(role) },
      },
      handler: async (request, reply) => {
        const input = { principal: principalOf(request), ...request.body };
        return answerCreated(ctx, request, reply, {
          path,
          dryRun: request.query.dryRun,
          run: (tx) => createRole(tx, ctx, input),
          overlay: (made) => ({ roles: { [made.id]: roleRecord(made) } }),
          show: ownRole,
        }) as never;
      },
    });
    app.patch(`${path}/:id`, {
      config: { permission: 'auth:role:manage', errors: [...errors, 'PRECONDITION_FAILED'] },
      schema: {
        operationId: 'updateRole',
        summary: 'Change a role; rules and parents that are given replace all of them; honours If-Match',
        tags,
        params: pathOfRole,
        querystring: z.strictObject(dryRun),
        body: change,
        response: { 200: envelope(z.union([role, accessDiff])) },
      },
      handler: async (request, reply) => {
        const target = { id: request.params.id, principal: principalOf(request), precondition: matchOf(request) };
        return answerUpdated(ctx, request, reply as never, {
          dryRun: request.query.dryRun,
          run: (tx) => updateRole(tx, ctx, { ...target, ...request.body }),
          overlay: (made) => ({ roles: { [made.id]: roleRecord(made) } }),
          show: ownRole,
        });
      },
    });
    app.delete(`${path}/:id`, {
      config: { permission: 'auth:role:manage', errors: ['CONFLICT', 'PRECONDITION_FAILED'] },
      schema: {
        operationId: 'deleteRole',
        summary: 'Delete a role nobody needs any more; honours If-Match',
        tags,
        params: pathOfRole,
        querystring: z.strictObject(dryRun),
        response: { 200: envelope(accessDiff), 204: z.null().meta({ description: 'The role is gone' }) },
      },
      handler: async (request, reply) => {
        const { id } = request.params;
        const target = { id, principal: principalOf(request), precondition: matchOf(request) };
        return answerDeleted(ctx, request, reply as never, {
          dryRun: request.query.dryRun,
          run: (tx) => deleteRole(tx, ctx, target),
          overlay: () => ({ without: { roles: [id] } }),
        }) as never;
      },
    });
  };
}

function registerReads(app: App, ctx: AuthContext): void {
  app.get(path, {
    config: { permission: 'auth:role:read', errors: ['INVALID_CURSOR'] },
    schema: {
      operationId: 'listRoles',
      summary: 'List roles by name, system roles first',
      tags,
      querystring: z.strictObject(listPageQuery),
      response: { 200: pageEnvelope(role) },
    },
    handler: (request) =>
      readForCaller(ctx, request, async (tx) => {
        const system = await systemRoles(tx, ctx);
        const listed = [...system.values()].map(({ id, name: shown }) => ({ id, name: shown }));
        const { data, meta } = await readListPage(tx, request, selectRoles(tx, listed), {
          sort: [{ column: 'rank' }, { column: 'nameNorm' }, { column: 'id' }],
          asked: request.query,
        });
        const page = data as ListedRole[];
        const own = await listRoles(
          tx,
          page.filter(({ rank }) => rank === 1).map(({ id }) => id),
        );
        const byId = new Map([...system, ...own.map((found) => [found.id, ownRole(found)] as const)]);
        return { data: page.flatMap(({ id }) => byId.get(id) ?? []), meta };
      }),
  });
  app.get(`${path}/:id`, {
    config: { permission: 'auth:role:read', cacheControl: 'private, no-cache' },
    schema: {
      operationId: 'getRole',
      summary: 'Get a role',
      tags,
      params: pathOfRole,
      response: { 200: envelope(role) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const found = await readForCaller(ctx, request, async (tx) => {
        if (!isOwnRole(id)) return (await systemRoles(tx, ctx)).get(id);
        const own = await findRole(tx, id);
        return own && ownRole(own);
      });
      if (found === undefined) throw new NotFoundError('the role does not exist');
      if (found.version !== undefined && isUnchanged(request, reply as never, found.version)) {
        return reply.code(304 as never).send(undefined as never);
      }
      return { data: found };
    },
  });
}

function ownRole(found: Role): Shown {
  return { ...found, system: false, permissions: allowed(found.rules) };
}

/** System roles that mean something in the tenant, by key. */
async function systemRoles(tx: Tx<Tables>, { catalogues }: AuthContext): Promise<Map<string, Shown>> {
  const isPlatform = tx.tenantId === platformTenantId;
  const { systemRoles: all } = await catalogues.current(tx);
  return new Map(
    all
      .filter(({ platformOnly }) => isPlatform || platformOnly !== true)
      .map(({ id, name: shown, rules, parentRoleIds = [] }) => [
        id,
        {
          id,
          name: shown,
          description: '',
          system: true,
          rules: [...rules],
          permissions: allowed(rules),
          parentRoleIds: [...parentRoleIds],
        },
      ]),
  );
}

function allowed(rules: Role['rules'] | readonly Role['rules'][number][]): string[] {
  const free = rules.filter(({ effect, condition }) => effect === 'allow' && condition === undefined);
  return [...new Set(free.map(({ permission }) => permission))];
}
