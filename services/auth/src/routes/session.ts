import { envelope, id, name, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { parseEmailAddress } from '../domain/email-address.ts';
import { logIn } from '../operations/log-in.ts';
import { logOut } from '../operations/log-out.ts';
import { refreshSession } from '../operations/refresh-session.ts';
import { createDeviceCookie } from './device-cookie.ts';
import { credentialBytesMax, password, tenantSummary, tokenPair } from './schemas.ts';

const email = z
  .string()
  .refine((text) => parseEmailAddress(text) !== undefined, 'not an e-mail address')
  .meta({ examples: ['owner@localhost'] });

const loginBody = z.strictObject({
  email,
  password,
  tenant: name({ max: 63 }).optional().meta({ description: 'Slug or id; default is the only or the last used tenant' }),
  transport: z.literal('token').default('token').meta({ description: 'How the tokens come back' }),
});

const signIn = tokenPair.extend({
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
  tenant: tenantSummary,
  resolution: z.object({
    tenantId: z.uuid(),
    reason: z.enum(['request', 'last-used', 'only']).meta({ description: 'Why this tenant' }),
  }),
});

const refreshBody = z.strictObject({
  refreshToken: z.string().min(1).max(4096),
  tenantId: id().optional().meta({ description: 'The tenant the caller believes the session is in' }),
});

type App = Parameters<RoutePlugin>[0];

/** Sign-in, renewal and end of a session. */
export function sessionRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerLogin(app, ctx);
    registerRefresh(app, ctx);
    registerLogout(app, ctx);
  };
}

function registerLogin(app: App, ctx: AuthContext): void {
  const cookie = createDeviceCookie(ctx.publicUrl);
  app.post(
    '/api/v1/auth/login',
    {
      bodyLimit: credentialBytesMax,
      config: {
        access: 'public',
        idempotency: 'none',
        rateClass: 'login',
        errors: ['INVALID_CREDENTIALS', 'TENANT_SUSPENDED', 'RATE_LIMIT_EXCEEDED', 'HASH_BUSY', 'SECRETS_UNAVAILABLE'],
      },
      schema: {
        operationId: 'logIn',
        summary: 'Sign in with e-mail address and password',
        tags: ['sessions'],
        body: loginBody,
        response: { 200: envelope(signIn) },
      },
    },
    async (request, reply) => {
      const { email: address, password: secret, tenant } = request.body;
      const client = { ...clientOf(request), ...deviceOf(cookie.read(request.headers.cookie)) };
      const input = { email: address, password: secret, client, ...(tenant && { tenant }) };
      const { deviceProof, ...data } = await logIn(ctx, input);
      void reply.header('set-cookie', cookie.write(deviceProof));
      return { data };
    },
  );
}

function registerRefresh(app: App, ctx: AuthContext): void {
  app.post(
    '/api/v1/auth/refresh',
    {
      bodyLimit: credentialBytesMax,
      config: {
        access: 'public',
        idempotency: 'none',
        rateClass: 'token',
        errors: ['INVALID_TOKEN', 'TENANT_SUSPENDED', 'CONFLICT', 'SECRETS_UNAVAILABLE'],
      },
      schema: {
        operationId: 'refreshSession',
        summary: 'Exchange a refresh token for the next pair of tokens',
        tags: ['sessions'],
        body: refreshBody,
        response: { 200: envelope(tokenPair) },
      },
    },
    async (request) => {
      const { refreshToken, tenantId } = request.body;
      return { data: await refreshSession(ctx, { refreshToken, ...(tenantId && { tenantId }) }) };
    },
  );
}

function registerLogout(app: App, ctx: AuthContext): void {
  app.post(
    '/api/v1/auth/logout',
    {
      config: { access: 'authenticated', idempotency: 'none', rateClass: 'token' },
      schema: {
        operationId: 'logOut',
        summary: 'End the session of the access token',
        tags: ['sessions'],
        response: { 204: z.null().meta({ description: 'The session has ended' }) },
      },
    },
    async (request, reply) => {
      await logOut(ctx, principalOf(request));
      return reply.code(204).header('clear-site-data', '"cookies", "storage"').send(null);
    },
  );
}

function deviceOf(deviceProof: string | undefined) {
  return deviceProof === undefined ? {} : { deviceProof };
}

function clientOf(request: { ip: string; headers: { 'user-agent'?: string | undefined } }) {
  const userAgent = request.headers['user-agent'];
  return { ip: request.ip, ...(userAgent !== undefined && { userAgent }) };
}
