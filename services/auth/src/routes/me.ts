import {
  csrfDigest,
  envelope,
  principalOf,
  readSessionCookie,
  sessionCookieNames,
  timestamp,
  type RoutePlugin,
} from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { describeCaller } from '../operations/describe-caller.ts';
import { tenantSummary } from './schemas.ts';

const status = z.enum(['active', 'suspended', 'deleting', 'purging', 'deleted']);

const me = z.object({
  id: z.uuid(),
  email: z.string(),
  emailVerified: z.boolean(),
  name: z.string(),
  avatarUrl: z.string().nullable(),
  locale: z.string().nullable(),
  timezone: z.string().nullable(),
  createdAt: timestamp(),
  sessionId: z.uuid().optional(),
  csrfToken: z
    .string()
    .optional()
    .meta({ description: 'The CSRF value of the cookie, where it is that of the session' }),
  acr: z.string().meta({ description: 'How strongly the person signed in', examples: ['idp:aal1'] }),
  amr: z.array(z.string()).meta({ examples: [['pwd']] }),
  tenant: tenantSummary.extend({ status }).meta({ description: 'The tenant of the access token' }),
  roles: z.array(z.string()).meta({ description: 'Roles held in that tenant now', examples: [['member']] }),
  memberships: z
    .array(tenantSummary.extend({ status }))
    .meta({ description: 'Every tenant the person may sign in to' }),
});

/** The caller about itself. */
export function meRoutes(ctx: AuthContext): RoutePlugin {
  const cookies = sessionCookieNames(ctx.publicUrl);
  return async (app) => {
    app.get(
      '/api/v1/auth/me',
      {
        config: { access: 'authenticated', errors: ['INVALID_TOKEN'] },
        schema: {
          operationId: 'getMe',
          summary: 'Profile, memberships and roles of the caller',
          tags: ['account'],
          response: { 200: envelope(me) },
        },
      },
      async (request) => {
        const principal = principalOf(request);
        const { user, tenant, roles, memberships } = await describeCaller(ctx, principal);
        const { sessionId, acr, amr, xsrf } = principal;
        const csrfToken = xsrf === undefined ? undefined : readSessionCookie(request.headers, cookies.csrf);
        const shown = csrfToken !== undefined && csrfDigest(csrfToken) === xsrf ? { csrfToken } : {};
        return {
          data: {
            ...user,
            acr,
            amr,
            tenant,
            roles,
            memberships,
            ...(sessionId !== undefined && { sessionId }),
            ...shown,
          },
        };
      },
    );
  };
}
