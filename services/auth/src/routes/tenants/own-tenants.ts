import { platformTenantId } from '@idp/contracts';
import { envelope, id, name, principalOf, timestamp, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { chooseTenant } from '../../domain/tenant-choice.ts';
import { switchTenant } from '../../operations/tenants/switch-tenant.ts';
import { listTenantsOfUser } from '../../store/tenants.ts';
import { carriedTokens, tenantSummary } from '../schemas.ts';
import { createSessionCookies } from '../session-cookies.ts';
import { tags, tenantPath, tenantsPath, tenantStatus } from './view.ts';

const ownTenants = z.object({
  tenants: z.array(tenantSummary.extend({ status: tenantStatus, lastUsedAt: timestamp() })),
  resolution: z
    .object({ tenantId: z.uuid(), reason: z.enum(['request', 'last-used', 'only']) })
    .nullable()
    .meta({ description: 'The tenant a sign-in would open, and why' }),
});
const switched = carriedTokens.extend({ tenant: tenantSummary });

type App = Parameters<RoutePlugin>[0];

/** The tenants of a person. */
export function ownTenantRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    registerList(app, ctx);
    registerSwitch(app, ctx);
  };
}

function registerList(app: App, ctx: AuthContext): void {
  app.get(tenantsPath, {
    config: { access: 'authenticated' },
    schema: {
      operationId: 'listOwnTenants',
      summary: 'Tenants the caller may sign in to, and which one a sign-in would open',
      tags,
      querystring: z.strictObject({
        tenant: name({ max: 63 }).optional().meta({ description: 'Slug or id a sign-in would name' }),
      }),
      response: { 200: envelope(ownTenants) },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const all = await ctx.database.global.read((tx) => listTenantsOfUser(tx, principal.id));
      // A key is one of a single tenant and tells of no other.
      const own = principal.sessionId === undefined ? all.filter(({ id: each }) => each === principal.tenantId) : all;
      const { tenant: requested } = request.query;
      const choice = chooseTenant(own, { platformTenantId, ...(requested !== undefined && { requested }) });
      const resolution = choice.kind === 'chosen' ? { tenantId: choice.tenant.id, reason: choice.reason } : null;
      return { data: { tenants: own, resolution } };
    },
  });
}

function registerSwitch(app: App, ctx: AuthContext): void {
  const cookies = createSessionCookies(ctx);
  app.post(`${tenantPath}/switch`, {
    config: {
      access: 'authenticated',
      // As a refresh: the tokens of the answer are kept nowhere, and the session has one pair at a time.
      idempotency: 'none',
      rateClass: 'token',
      errors: [
        'INVALID_TOKEN',
        'TENANT_SUSPENDED',
        'SSO_REQUIRED',
        'STEP_UP_REQUIRED',
        'CONFLICT',
        'SECRETS_UNAVAILABLE',
      ],
    },
    schema: {
      operationId: 'switchTenant',
      summary: 'The next tokens of this session, in another tenant of the caller',
      tags,
      params: z.strictObject({ id: id() }),
      response: { 200: envelope(switched) },
    },
    handler: async (request, reply) => {
      const input = { principal: principalOf(request), tenantId: request.params.id };
      const { accessToken, refreshToken, ...rest } = await switchTenant(ctx, input);
      if (request.headers.authorization !== undefined) return { data: { accessToken, refreshToken, ...rest } };
      const csrfToken = String(request.headers['x-csrf-token']);
      cookies.set(reply, { accessToken, refreshToken }, csrfToken);
      return { data: { ...rest, csrfToken } };
    },
  });
}
