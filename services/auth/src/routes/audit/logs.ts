import { paginate } from '@idp/database';
import { NotFoundError, ValidationError } from '@idp/errors';
import {
  envelope,
  id,
  idempotentWrite,
  listQuery,
  name,
  pageEnvelope,
  principalOf,
  text,
  timestamp,
  type RoutePlugin,
} from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { recordAccess } from '../../operations/audit/record-access.ts';
import { auditRowsQuery, auditSort, findAuditRow } from '../../store/audit/chain.ts';
import { auditRowSchema, auditRowView, outcome } from './schemas.ts';

const filter = z.strictObject({
  ...listQuery,
  actor: name({ max: 300 })
    .optional()
    .meta({ examples: ['user:0192d6a0-0000-7000-8000-000000000001'] }),
  action: name({ max: 300 })
    .optional()
    .meta({ examples: ['catalog:service:update'] }),
  resourceType: name({ max: 100 }).optional(),
  resourceId: name({ max: 500 }).optional().meta({ description: 'Needs `resourceType`' }),
  ip: name({ max: 45 }).optional(),
  outcome: outcome.optional(),
  traceId: name({ max: 64 }).optional(),
  from: timestamp().optional().meta({ description: 'Happened at this time or later' }),
  to: timestamp().optional().meta({ description: 'Happened before this time' }),
});

const reportedAction = z
  .string()
  .max(200)
  .regex(/^external:[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/, 'must be external:<system>:<verb>')
  .meta({ examples: ['external:ldap:login'] });

const access = z.object({
  action: reportedAction,
  resourceType: name({ max: 100 }),
  resourceId: name({ max: 500 }),
  outcome: outcome.default('succeeded'),
  actor: name({ max: 200 }).meta({ description: 'Who did it, by the name the other system has for it' }),
  occurredAt: timestamp().optional(),
  ip: z.union([z.ipv4(), z.ipv6()]).optional(),
  userAgent: name({ max: 500 }).optional(),
  reason: text({ max: 1_000 }).optional(),
  details: z
    .record(name({ max: 100 }), z.unknown())
    .optional()
    .meta({ examples: [{ realm: 'office' }] }),
});

/** Reading the audit log of the tenant, and adding what happened elsewhere. */
export function auditLogRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.get('/api/v1/auth/audit-logs', {
      config: { permission: 'auth:audit:read', errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: 'listAuditLogs',
        summary: 'List what was changed or refused in the tenant, newest first',
        description: 'A row is listed once it has its number and hash, usually within a second of its commit.',
        tags: ['audit'],
        querystring: filter,
        response: { 200: pageEnvelope(auditRowSchema) },
      },
      handler: async (request) => {
        const { tenantId, id: principal } = principalOf(request);
        const { limit, cursor, ...asked } = request.query;
        if (asked.resourceId !== undefined && asked.resourceType === undefined) {
          throw new ValidationError('resourceId needs resourceType');
        }
        const binding = { principal, route: 'GET audit-logs', filter: asked };
        const { data, nextCursor } = await ctx.database.tenant(tenantId).read(
          (tx) => {
            const rows = auditRowsQuery(tx, asked);
            return paginate(tx, rows, { sort: auditSort, direction: 'desc', cursor, limit, binding });
          },
          { signal: request.operation.signal },
        );
        return { data: data.map(auditRowView), meta: { limit, ...(nextCursor !== undefined && { nextCursor }) } };
      },
    });
    app.get('/api/v1/auth/audit-logs/:id', {
      config: { permission: 'auth:audit:read' },
      schema: {
        operationId: 'getAuditLog',
        summary: 'Get one row of the audit log',
        tags: ['audit'],
        params: z.strictObject({ id: id() }),
        response: { 200: envelope(auditRowSchema) },
      },
      handler: async (request) => {
        const { tenantId } = principalOf(request);
        const row = await ctx.database.tenant(tenantId).read((tx) => findAuditRow(tx, request.params.id));
        if (row === undefined) throw new NotFoundError('this audit row does not exist');
        return { data: auditRowView(row) };
      },
    });
    app.post('/api/v1/auth/audit-logs', {
      config: { permission: 'auth:audit:write' },
      schema: {
        operationId: 'recordAccess',
        summary: 'Record what happened in another system',
        description: 'The row is what the caller said: its actor is the caller, `onBehalfOf` is `external:<actor>`.',
        tags: ['audit'],
        body: z.strictObject(access.shape),
        response: { 202: envelope(access.extend({ id: z.uuid() })) },
      },
      handler: async (request, reply) => {
        await idempotentWrite(request, reply, ctx.database, async (tx) => ({
          status: 202,
          data: { id: recordAccess(tx, request.body), ...request.body },
        }));
        return reply;
      },
    });
  };
}
