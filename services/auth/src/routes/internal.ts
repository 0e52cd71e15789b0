import { NotFoundError } from '@idp/errors';
import { envelope, id, timestamp, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { createSessionValidator } from '../operations/credentials/validate-session.ts';
import { recordKeyUses, verifyApiKey } from '../operations/credentials/verify-api-key.ts';

const config = { access: 'service', internal: true, idempotency: 'none' } as const;
const digest = z.string().regex(/^[\w-]{43}$/, 'must be SHA-256 in base64url');

const uses = z
  .array(
    z.strictObject({
      tenantId: id(),
      keyId: id(),
      secretHash: digest,
      requests: z.int().min(1),
      lastUsedAt: timestamp(),
      lastUsedIp: z.union([z.ipv4(), z.ipv6()]).optional(),
    }),
  )
  .max(1000);

const verified = z.object({
  keyId: z.uuid(),
  tenantId: z.uuid(),
  owner: z.object({ type: z.enum(['user', 'service']), id: z.uuid() }),
  accessVersion: z.int(),
  scopes: z.array(z.string()),
  expiresAt: z.string(),
  ipAllow: z.array(z.string()),
  ratePolicy: z.object({ limit: z.int(), periodSeconds: z.int(), burst: z.int() }).optional(),
});

const person = z.object({
  type: z.literal('user'),
  id: z.uuid(),
  tenantId: z.uuid(),
  sessionId: z.uuid(),
  tokenId: z.string(),
  accessVersion: z.int(),
  authTime: z.int(),
  amr: z.array(z.string()),
  acr: z.string(),
  scope: z.string().optional(),
});

/** What other services of the platform ask, with a token of their own; no gateway leads here. */
export function internalRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    sessionRoute(app, ctx);
    app.post(
      '/internal/v1/api-keys/verify',
      {
        config,
        schema: {
          hide: true,
          body: z.strictObject({ kid: z.string().regex(/^[0-9A-Za-z]{8}$/), secretHash: digest }),
          response: { 200: envelope(verified) },
        },
      },
      async (request) => {
        const key = await verifyApiKey(ctx, request.body);
        if (key === undefined) throw new NotFoundError('no such key is alive');
        const { expiresAt, scopes, ipAllow, ...rest } = key;
        return {
          data: { ...rest, scopes: [...scopes], ipAllow: [...ipAllow], expiresAt: new Date(expiresAt).toISOString() },
        };
      },
    );
    app.post(
      '/internal/v1/api-keys/uses',
      { config, schema: { hide: true, body: z.strictObject({ uses }), response: { 204: z.null() } } },
      async (request, reply) => {
        const told = request.body.uses.map(({ lastUsedAt, lastUsedIp, ...use }) => ({
          ...use,
          lastUsedAt: Date.parse(lastUsedAt),
          ...(lastUsedIp !== undefined && { lastUsedIp }),
        }));
        await recordKeyUses(ctx, told);
        return reply.code(204).send(null);
      },
    );
    tokenRoute(app, ctx);
  };
}

function sessionRoute(app: Parameters<RoutePlugin>[0], ctx: AuthContext): void {
  const validate = createSessionValidator(ctx);
  app.post(
    '/internal/v1/sessions/validate',
    {
      config,
      schema: {
        hide: true,
        body: z.strictObject({ token: z.string().min(1).max(8192) }),
        response: { 200: envelope(person) },
      },
    },
    async (request) => ({ data: (await validate(request.body.token)) as z.input<typeof person> }),
  );
}

function tokenRoute(app: Parameters<RoutePlugin>[0], ctx: AuthContext): void {
  app.post(
    '/internal/v1/token',
    {
      config: { access: 'public', internal: true, idempotency: 'none' },
      schema: {
        hide: true,
        body: z.strictObject({
          assertion: z.string().min(1).max(4096),
          audience: z.string().regex(/^idp:[a-z][a-z0-9-]{0,62}$/, 'must be idp:<service>'),
          tenantId: id().optional(),
        }),
        response: { 200: envelope(z.object({ token: z.string(), expiresIn: z.int() })) },
      },
    },
    async (request) => ({ data: await ctx.serviceTokens.exchange(request.body) }),
  );
}
