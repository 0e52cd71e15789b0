import { envelope, name, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { redeemSetupToken } from '../operations/setup/setup-token.ts';
import { emailAddress } from './email-address.ts';
import { credentialBytesMax, password, tenantSummary } from './schemas.ts';

const firstOwner = z.strictObject({
  token: z.string().min(1).max(200).meta({ description: 'From the log of the first start' }),
  email: emailAddress,
  password,
  fullName: name().optional(),
});
const made = z.object({
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
  tenant: tenantSummary,
});

/** The first owner of a platform that nobody can sign in to yet. */
export function setupRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.post('/api/v1/auth/setup', {
      bodyLimit: credentialBytesMax,
      config: {
        access: 'public',
        idempotency: 'none',
        rateClass: 'login',
        errors: ['INVALID_TOKEN', 'PASSWORD_REJECTED', 'RATE_LIMIT_EXCEEDED', 'HASH_BUSY', 'SECRETS_UNAVAILABLE'],
      },
      schema: {
        operationId: 'setUp',
        summary: 'Make the first owner and the first tenant with the token of the first start; once',
        tags: ['account'],
        body: firstOwner,
        response: { 201: envelope(made) },
      },
      handler: async (request, reply) => {
        const { fullName, ...owner } = request.body;
        const input = { ...owner, name: fullName };
        const data = await ctx.setupThrottle(request.ip, () => redeemSetupToken(ctx, input));
        return reply.code(201).send({ data });
      },
    });
  };
}
