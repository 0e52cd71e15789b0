import { Readable } from 'node:stream';
import { InvalidStateError, NotFoundError } from '@idp/errors';
import { envelope, id, idempotentWrite, principalOf, timestamp, type RoutePlugin } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { exportLines } from '../../operations/audit/export-lines.ts';
import { requestExport } from '../../operations/audit/request-export.ts';
import { findAuditExport, type AuditExport } from '../../store/audit/exports.ts';
import { auditExportSchema, auditExportView } from './schemas.ts';

const asked = z.strictObject({
  format: z.literal('ndjson').default('ndjson'),
  from: timestamp().optional().meta({ description: 'Begins with the first checkpoint signed after this time' }),
  to: timestamp().optional().meta({ description: 'Ends with the first checkpoint signed at this time or later' }),
});

const path = z.strictObject({ id: id() });

/** Taking the audit log away, so that it can be verified elsewhere. */
export function auditExportRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.post('/api/v1/auth/audit-logs/exports', {
      config: { permission: 'auth:audit:export' },
      schema: {
        operationId: 'createAuditExport',
        summary: 'Ask for an export of the audit log; rows come whole checkpoints at a time',
        tags: ['audit'],
        body: asked,
        response: { 202: envelope(auditExportSchema) },
      },
      handler: async (request, reply) => {
        const { actor } = principalOf(request);
        const { from, to } = request.body;
        await idempotentWrite(request, reply, ctx.database, async (tx) => {
          const now = ctx.clock();
          const made = await requestExport(tx, { actor, now, from, to });
          const headers = { location: `/api/v1/auth/audit-logs/exports/${made.id}` };
          return { status: 202, data: auditExportView(made, now), headers };
        });
        return reply;
      },
    });
    app.get('/api/v1/auth/audit-logs/exports/:id', {
      config: { permission: 'auth:audit:export' },
      schema: {
        operationId: 'getAuditExport',
        summary: 'Get an export and, once it is ready, where to download it',
        tags: ['audit'],
        params: path,
        response: { 200: envelope(auditExportSchema) },
      },
      handler: async (request) => ({
        data: auditExportView(await ownExport(ctx, request, request.params.id), ctx.clock()),
      }),
    });
    app.get('/api/v1/auth/audit-logs/exports/:id/download', {
      config: {
        permission: 'auth:audit:export',
        envelope: false,
        deadlineMs: 3_600_000,
        errors: ['INVALID_STATE'],
      },
      schema: {
        operationId: 'downloadAuditExport',
        summary: 'Download an export: one JSON object a line, to be checked by `audit-verify`',
        tags: ['audit'],
        params: path,
        response: { 200: z.string().meta({ description: 'application/x-ndjson' }) },
      },
      handler: async (request, reply) => {
        const { tenantId } = principalOf(request);
        const found = await ownExport(ctx, request, request.params.id);
        const { state } = auditExportView(found, ctx.clock());
        const { id: exportId, fromSeq, toSeq, readyAt } = found;
        if (state !== 'ready' || fromSeq === null || toSeq === null || readyAt === null) {
          throw new InvalidStateError(`the export is ${state}`);
        }
        const door = ctx.database.tenant(tenantId);
        await door.write(async (tx) => {
          tx.audit({ action: 'auth:audit:download', resourceType: 'audit-export', resourceId: exportId });
        });
        const lines = exportLines(door, { fromSeq, toSeq, madeAt: readyAt }, request.operation.signal);
        reply.type('application/x-ndjson');
        reply.header('content-disposition', `attachment; filename="audit-${fromSeq}-${toSeq}.ndjson"`);
        reply.send(Readable.from(lines, { objectMode: false }) as never);
        return reply;
      },
    });
  };
}

/** An export of the caller itself; anybody else's does not exist. */
async function ownExport(
  ctx: Pick<AuthContext, 'database'>,
  request: FastifyRequest,
  exportId: string,
): Promise<AuditExport> {
  const { tenantId, actor } = principalOf(request);
  const found = await ctx.database.tenant(tenantId).read((tx) => findAuditExport(tx, exportId));
  if (found === undefined || found.createdBy !== actor) throw new NotFoundError('this export does not exist');
  return found;
}
