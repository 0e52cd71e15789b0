import { requireOwnOrigin, sessionCookieNames } from '@idp/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthContext } from '../context.ts';
import type { TokenPair } from '../operations/log-in.ts';

export interface SessionCookies {
  names: ReturnType<typeof sessionCookieNames>;
  /** 403 `CSRF_FAILED` for a page of another origin than those of the tenant, or of any where it is not known yet. */
  requireOwnOrigin(request: FastifyRequest, tenantId?: string): void;
  /** Sets the tokens, and the CSRF value where the session is new. */
  set(reply: FastifyReply, tokens: Partial<Pick<TokenPair, 'accessToken' | 'refreshToken'>>, csrfToken?: string): void;
  clear(reply: FastifyReply): void;
}

/**
 * Cookies of a signed-in browser: the access token for every path, the refresh token for this service alone, both hidden from the page, and
 * the CSRF value, which the page must read. `SameSite=Lax`; `Secure` wherever the platform is reached over HTTPS.
 */
export function createSessionCookies(ctx: AuthContext): SessionCookies {
  const { publicUrl, sessionLife, accessTokens, accessStore } = ctx;
  const names = sessionCookieNames(publicUrl);
  const common = `SameSite=Lax${publicUrl.startsWith('https:') ? '; Secure' : ''}`;
  const access = (value: string, seconds: number) =>
    `${names.access}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; ${common}`;
  const refresh = (value: string, seconds: number) =>
    `${names.refresh}=${value}; Path=/api/v1/auth; Max-Age=${seconds}; HttpOnly; ${common}`;
  const csrf = (value: string, seconds: number) => `${names.csrf}=${value}; Path=/; Max-Age=${seconds}; ${common}`;

  return {
    names,
    requireOwnOrigin(request, tenantId) {
      requireOwnOrigin(request.headers, publicUrl, (origin) =>
        tenantId === undefined
          ? accessStore.hasOrigin(origin)
          : accessStore.world(tenantId)?.tenant.origins?.includes(origin) === true,
      );
    },
    set(reply, { accessToken, refreshToken }, csrfToken) {
      const lines = [
        ...(accessToken === undefined ? [] : [access(accessToken, accessTokens.lifetimeSeconds)]),
        ...(refreshToken === undefined ? [] : [refresh(refreshToken, sessionLife.idleSeconds)]),
        ...(csrfToken === undefined ? [] : [csrf(csrfToken, sessionLife.maxSeconds)]),
      ];
      // Appended: sign-in also sets the cookie of the device.
      for (const line of lines) void reply.header('set-cookie', line);
    },
    clear(reply) {
      for (const line of [access('', 0), refresh('', 0), csrf('', 0)]) void reply.header('set-cookie', line);
    },
  };
}
