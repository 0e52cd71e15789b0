import { NotFoundError } from '@idp/errors';
import { id, pageEnvelope, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { endOwnSession, endSessionsOf } from '../../operations/credentials/end-sessions.ts';
import { ownSessionId } from '../../operations/credentials/own-session.ts';
import { hasMembership } from '../../store/memberships.ts';
import { liveSessionsQuery } from '../../store/sessions.ts';
import { listPageQuery, readListPage } from '../list-page.ts';

const session = z.object({
  id: z.uuid(),
  current: z.boolean().meta({ description: 'The session of the credential that asks' }),
  tenantId: z.uuid(),
  kind: z.enum(['login', 'oauth']),
  ip: z
    .string()
    .nullable()
    .meta({ examples: ['192.0.2.7'] }),
  userAgent: z.string().nullable(),
  amr: z.array(z.string()).meta({ examples: [['pwd']] }),
  acr: z.string().meta({ examples: ['idp:aal1'] }),
  authTime: z.string().meta({ description: 'When the person last proved who they are', format: 'date-time' }),
  createdAt: z.string().meta({ format: 'date-time' }),
  lastSeenAt: z.string().meta({ format: 'date-time' }),
  expiresAt: z.string().meta({ description: 'When it ends unless it is used', format: 'date-time' }),
});

type SessionRow = Awaited<ReturnType<ReturnType<typeof liveSessionsQuery>['execute']>>[number];
const newestFirst = [{ column: 'created_at' }, { column: 'id' }] as const;
const listQuery = z.strictObject(listPageQuery);
const ended = { 204: z.null().meta({ description: 'Ended' }) };

function viewOf(row: SessionRow, currentId: string | undefined): z.input<typeof session> {
  return {
    id: row.id,
    current: row.id === currentId,
    tenantId: row.tenant_id,
    kind: row.kind as 'login' | 'oauth',
    ip: row.ip,
    userAgent: row.user_agent,
    amr: row.amr,
    acr: row.acr,
    authTime: row.auth_time,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.idle_expires_at,
  };
}

/** Where a person is signed in, by itself and by who administers the tenant. */
export function sessionListRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    ownSessionRoutes(app, ctx);
    memberSessionRoutes(app, ctx);
  };
}

type App = Parameters<RoutePlugin>[0];

function ownSessionRoutes(app: App, ctx: AuthContext): void {
  app.get(
    '/api/v1/auth/sessions',
    {
      config: { access: 'authenticated', errors: ['PERMISSION_DENIED', 'INVALID_CURSOR'] },
      schema: {
        operationId: 'listOwnSessions',
        summary: 'Where you are signed in, in every tenant',
        tags: ['sessions'],
        querystring: listQuery,
        response: { 200: pageEnvelope(session) },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const current = ownSessionId(principal);
      const { data, meta } = await ctx.database.global.read((tx) =>
        readListPage(tx, request, liveSessionsQuery(tx, { userId: principal.id, now: ctx.clock() }), {
          sort: newestFirst,
          asked: request.query,
        }),
      );
      return { data: data.map((row) => viewOf(row, current)), meta };
    },
  );
  app.delete(
    '/api/v1/auth/sessions/:id',
    {
      config: { access: 'authenticated', errors: ['PERMISSION_DENIED'] },
      schema: {
        operationId: 'endOwnSession',
        summary: 'Sign out one of your sessions',
        tags: ['sessions'],
        params: z.strictObject({ id: id() }),
        response: ended,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      ownSessionId(principal);
      const found = await endOwnSession(ctx, { userId: principal.id, sessionId: request.params.id });
      if (!found) throw new NotFoundError('the session does not exist');
      return reply.code(204).send(null);
    },
  );
  app.delete(
    '/api/v1/auth/sessions',
    {
      config: { access: 'authenticated', errors: ['PERMISSION_DENIED'] },
      schema: {
        operationId: 'endOwnSessions',
        summary: 'Sign out everywhere, or everywhere else',
        tags: ['sessions'],
        querystring: z.strictObject({
          keep: z.literal('current').optional().meta({ description: '`current`: this session goes on' }),
        }),
        response: ended,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const current = ownSessionId(principal);
      const keep = request.query.keep === 'current' ? { keep: current } : {};
      await endSessionsOf(ctx, { userId: principal.id, reason: 'user', ...keep });
      return reply.code(204).send(null);
    },
  );
}

function memberSessionRoutes(app: App, ctx: AuthContext): void {
  const params = z.strictObject({ id: id() });
  app.get(
    '/api/v1/users/:id/sessions',
    {
      config: { permission: 'auth:session:read', errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: 'listSessionsOfUser',
        summary: 'Where a member is signed in to this tenant',
        tags: ['sessions'],
        params,
        querystring: listQuery,
        response: { 200: pageEnvelope(session) },
      },
    },
    async (request) => {
      const { tenantId, sessionId } = principalOf(request);
      const { id: userId } = request.params;
      const { data, meta } = await ctx.database.tenant(tenantId).read(
        async (tx) => {
          if (!(await hasMembership(tx, userId))) throw new NotFoundError('the user does not exist');
          return readListPage(tx, request, liveSessionsQuery(tx, { userId, tenantId, now: ctx.clock() }), {
            sort: newestFirst,
            asked: request.query,
          });
        },
        { global: true },
      );
      return { data: data.map((row) => viewOf(row, sessionId)), meta };
    },
  );
  app.delete(
    '/api/v1/users/:id/sessions',
    {
      config: { permission: 'auth:session:revoke' },
      schema: {
        operationId: 'endSessionsOfUser',
        summary: 'Sign a member out of this tenant',
        tags: ['sessions'],
        params,
        response: ended,
      },
    },
    async (request, reply) => {
      const { tenantId } = principalOf(request);
      const { id: userId } = request.params;
      const member = await ctx.database.tenant(tenantId).read((tx) => hasMembership(tx, userId));
      if (!member) throw new NotFoundError('the user does not exist');
      await endSessionsOf(ctx, { userId, tenantId, reason: 'admin' });
      return reply.code(204).send(null);
    },
  );
}
