import { paginate } from '@idp/database';
import { ValidationError } from '@idp/errors';
import { envelope, listQuery, pageEnvelope, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { verifyChain } from '../../operations/audit/verify-chain.ts';
import { checkpointSort, checkpointsQuery, signedCheckpoint } from '../../store/audit/checkpoints.ts';
import { listVerificationKeys } from '../../store/verification-keys.ts';
import { checkpointSchema } from './schemas.ts';

const seq = z.int().min(1).optional();

const verdictSchema = z.object({
  valid: z.boolean(),
  from: z.int(),
  to: z.int().meta({ description: 'Last row found as it was sealed' }),
  rows: z.int(),
  checkpoints: z.int(),
  erased: z.int().meta({ description: 'Parts of rows that were erased; their hashes hold' }),
  lastSeq: z.int().meta({ description: 'Number of the newest row' }),
  nextSeq: z.int().nullable().meta({ description: '`from` of the request that goes on; null when all was checked' }),
  firstBadSeq: z.int().nullable(),
  problem: z.string().nullable(),
});

const publicKey = z.object({
  kty: z.string(),
  crv: z.string(),
  x: z.string(),
  kid: z.string(),
  alg: z.string(),
  use: z.string(),
});

/** What proves that the audit log is as it was. */
export function auditChainRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.get('/api/v1/auth/audit-logs/verify', {
      config: { permission: 'auth:audit:read', deadlineMs: 60_000 },
      schema: {
        operationId: 'verifyAuditLogs',
        summary: 'Calculate the hashes of rows anew and name the first that is not as it was sealed',
        description: 'Checks 100,000 rows a request.',
        tags: ['audit'],
        querystring: z.strictObject({
          from: seq.meta({ description: 'Number of the first row' }),
          to: seq.meta({ description: 'Number of the last row' }),
        }),
        response: { 200: envelope(verdictSchema) },
      },
      handler: async (request) => {
        const { from, to } = request.query;
        if (from !== undefined && to !== undefined && from > to) throw new ValidationError('from is behind to');
        const { signal } = request.operation;
        const { fault, nextSeq, ...verdict } = await verifyChain(ctx, principalOf(request).tenantId, {
          from,
          to,
          signal,
        });
        return {
          data: {
            ...verdict,
            valid: fault === undefined,
            nextSeq: nextSeq ?? null,
            firstBadSeq: fault?.seq ?? null,
            problem: fault?.what ?? null,
          },
        };
      },
    });
    app.get('/api/v1/auth/audit-logs/checkpoints', {
      config: { permission: 'auth:audit:read', errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: 'listAuditCheckpoints',
        summary: 'List signed checkpoints in the order of the chain',
        tags: ['audit'],
        querystring: z.strictObject(listQuery),
        response: { 200: pageEnvelope(checkpointSchema) },
      },
      handler: async (request) => {
        const { tenantId, id: principal } = principalOf(request);
        const { limit, cursor } = request.query;
        const binding = { principal, route: 'GET audit-logs/checkpoints' };
        const { data, nextCursor } = await ctx.database
          .tenant(tenantId)
          .read((tx) => paginate(tx, checkpointsQuery(tx), { sort: checkpointSort, cursor, limit, binding }), {
            signal: request.operation.signal,
          });
        return { data: data.map(signedCheckpoint), meta: { limit, ...(nextCursor !== undefined && { nextCursor }) } };
      },
    });
    app.get('/api/v1/auth/audit-logs/keys', {
      config: { permission: 'auth:audit:read' },
      schema: {
        operationId: 'listAuditKeys',
        summary: 'Public keys of all checkpoints there ever were (RFC 7517)',
        tags: ['audit'],
        response: { 200: envelope(z.object({ keys: z.array(publicKey) })) },
      },
      handler: async () => {
        const keys = await ctx.database.global.read((tx) => listVerificationKeys(tx));
        const audit = keys.filter(({ use }) => use === 'audit').map(({ publicJwk }) => publicJwk);
        return { data: { keys: audit as z.input<typeof publicKey>[] } };
      },
    });
  };
}
