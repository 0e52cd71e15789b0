import type { DecisionRequest } from '@idp/auth';
import { NotFoundError } from '@idp/errors';
import { envelope, id, isUnchanged, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import { decideNow } from '../access/port.ts';
import { loadTenant } from '../access/world.ts';
import type { AuthContext } from '../context.ts';
import { findAccessHead, findAccessHeadVersion, listAccessShards } from '../store/access/snapshot.ts';

const text = z.string().max(1_000);
const question = z.strictObject({
  principal: z.strictObject({
    type: z.enum(['user', 'service']),
    id: text,
    tenantId: id(),
    acr: text.optional(),
    scope: z.string().max(8_192).optional(),
    keyScopes: z.array(text).max(1_000).optional(),
    actingService: text.optional(),
  }),
  permission: text,
  resource: z
    .strictObject({
      type: text,
      id: text.optional(),
      tenantId: id().optional(),
      scope: z
        .strictObject({ projectId: id().optional(), teamId: id().optional(), organizationId: id().optional() })
        .optional(),
      attributes: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  context: z
    .strictObject({ ip: text.optional(), authAgeSeconds: z.int().min(0).optional(), credential: text.optional() })
    .optional(),
  /** The answer is never older than any version there is; the caller compares. */
  minVersion: z.int().min(0).optional(),
});

const decision = z.object({ allowed: z.boolean(), reason: z.string(), version: z.int() });
const snapshot = z.object({
  head: z.object({ payload: z.string(), kid: z.string(), signature: z.string() }),
  shards: z.array(z.object({ name: z.string(), version: z.int(), text: z.string() })),
});

const config = { access: 'service', internal: true, idempotency: 'none' } as const;

/** What replicas of the access snapshot ask where their own does not suffice; no gateway leads here. */
export function internalAccessRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.post(
      '/internal/v1/authz/check',
      { config, schema: { hide: true, body: question, response: { 200: envelope(decision) } } },
      async (request) => {
        const { minVersion: _, ...asked } = request.body;
        return { data: await decideNow(ctx, asked as DecisionRequest) };
      },
    );
    app.get(
      '/internal/v1/access/:tenantId',
      {
        config,
        schema: {
          hide: true,
          params: z.strictObject({ tenantId: id() }),
          response: { 200: envelope(snapshot) },
        },
      },
      async (request, reply) => {
        const { tenantId } = request.params;
        if (!(await loadTenant(ctx, tenantId))) throw new NotFoundError('the tenant does not exist');
        const { version, head, shards } = await ctx.database.tenant(tenantId).read(
          async (tx) => ({
            version: await findAccessHeadVersion(tx),
            head: await findAccessHead(tx),
            shards: await listAccessShards(tx),
          }),
          { isolation: 'repeatable read', signal: request.operation.signal },
        );
        if (version === undefined || head === undefined) throw new NotFoundError('the tenant does not exist');
        if (isUnchanged(request, reply, version)) return reply.code(304 as never).send(undefined as never);
        return { data: { head, shards } };
      },
    );
  };
}
