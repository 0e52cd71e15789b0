import { ValidationError } from '@idp/errors';
import { envelope, id, name, principalOf, readSessionCookie, requireCsrfToken, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { parseEmailAddress } from '../domain/email-address.ts';
import { logIn } from '../operations/log-in.ts';
import { logOut } from '../operations/log-out.ts';
import { refreshSession, type Refreshing } from '../operations/refresh-session.ts';
import { createClientInfo } from './client-info.ts';
import { createDeviceCookie } from './device-cookie.ts';
import { carriedTokens, credentialBytesMax, password, tenantSummary } from './schemas.ts';
import { createSessionCookies } from './session-cookies.ts';

const email = z
  .string()
  .refine((text) => parseEmailAddress(text) !== undefined, 'not an e-mail address')
  .meta({ examples: ['owner@localhost'] });

const loginBody = z.strictObject({
  email,
  password,
  tenant: name({ max: 63 }).optional().meta({ description: 'Slug or id; default is the only or the last used tenant' }),
  transport: z
    .enum(['token', 'cookie'])
    .default('token')
    .meta({ description: 'How the tokens come back: in the body, or in cookies for a browser' }),
});

const signIn = carriedTokens.extend({
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
  tenant: tenantSummary,
  resolution: z.object({
    tenantId: z.uuid(),
    reason: z.enum(['request', 'last-used', 'only']).meta({ description: 'Why this tenant' }),
  }),
});

const refreshBody = z.strictObject({
  refreshToken: z.string().min(1).max(4096).optional().meta({ description: 'Absent where the cookie holds it' }),
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
  const clientOf = createClientInfo(ctx.publicUrl);
  const cookies = createSessionCookies(ctx);
  app.post(
    '/api/v1/auth/login',
    {
      bodyLimit: credentialBytesMax,
      config: {
        access: 'public',
        idempotency: 'none',
        rateClass: 'login',
        errors: [
          'INVALID_CREDENTIALS',
          'TENANT_SUSPENDED',
          'SSO_REQUIRED',
          'STEP_UP_REQUIRED',
          'CSRF_FAILED',
          'RATE_LIMIT_EXCEEDED',
          'HASH_BUSY',
          'SECRETS_UNAVAILABLE',
        ],
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
      const { email: address, password: secret, tenant, transport } = request.body;
      if (transport === 'cookie') cookies.requireOwnOrigin(request);
      const client = clientOf(request);
      const input = { email: address, password: secret, client, transport, ...(tenant && { tenant }) };
      const { deviceProof, accessToken, refreshToken, ...rest } = await logIn(ctx, input);
      void reply.header('set-cookie', cookie.write(deviceProof));
      if (transport === 'token') return { data: { accessToken, refreshToken, ...rest } };
      cookies.set(reply, { accessToken, refreshToken }, rest.csrfToken);
      return { data: rest };
    },
  );
}

function registerRefresh(app: App, ctx: AuthContext): void {
  const cookies = createSessionCookies(ctx);
  app.post(
    '/api/v1/auth/refresh',
    {
      bodyLimit: credentialBytesMax,
      config: {
        access: 'public',
        idempotency: 'none',
        rateClass: 'token',
        errors: [
          'INVALID_TOKEN',
          'TENANT_SUSPENDED',
          'SSO_REQUIRED',
          'STEP_UP_REQUIRED',
          'CSRF_FAILED',
          'CONFLICT',
          'SECRETS_UNAVAILABLE',
        ],
      },
      schema: {
        operationId: 'refreshSession',
        summary: 'Exchange a refresh token for the next pair of tokens',
        tags: ['sessions'],
        body: refreshBody,
        response: { 200: envelope(carriedTokens) },
      },
    },
    async (request, reply) => {
      const { refreshToken, tenantId } = request.body;
      const cookie = readSessionCookie(request.headers, cookies.names.refresh);
      if ((refreshToken === undefined) === (cookie === undefined)) {
        throw new ValidationError('the refresh token must come in the body or in its cookie, and not in both');
      }
      const expected = tenantId && { tenantId };
      if (refreshToken !== undefined) return { data: await refreshSession(ctx, { refreshToken, ...expected }) };
      const admit: NonNullable<Refreshing['admit']> = ({ csrfDigest, tenantId: own }) => {
        cookies.requireOwnOrigin(request, own);
        requireCsrfToken(request.headers, csrfDigest);
      };
      const { expiresIn, ...pair } = await refreshSession(ctx, { refreshToken: cookie!, admit, ...expected });
      const csrfToken = String(request.headers['x-csrf-token']);
      cookies.set(reply, pair, csrfToken);
      return { data: { expiresIn, csrfToken } };
    },
  );
}

function registerLogout(app: App, ctx: AuthContext): void {
  const cookies = createSessionCookies(ctx);
  app.post(
    '/api/v1/auth/logout',
    {
      config: { access: 'authenticated', idempotency: 'none', rateClass: 'token', errors: ['CSRF_FAILED'] },
      schema: {
        operationId: 'logOut',
        summary: 'End the session of the access token',
        tags: ['sessions'],
        response: { 204: z.null().meta({ description: 'The session has ended' }) },
      },
    },
    async (request, reply) => {
      await logOut(ctx, principalOf(request));
      if (request.headers.cookie !== undefined) cookies.clear(reply);
      return reply.code(204).header('clear-site-data', '"cookies", "storage"').send(null);
    },
  );
}
