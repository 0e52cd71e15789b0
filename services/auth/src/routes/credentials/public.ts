import { envelope, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { describeCredential } from '../../operations/credentials/describe-credential.ts';
import { reportLeak } from '../../operations/credentials/report-leak.ts';
import { credentialBytesMax, tenantSummary } from '../schemas.ts';

const whoami = z.object({
  principal: z.object({
    type: z.enum(['user', 'service']),
    id: z.string(),
    actor: z
      .string()
      .meta({ description: 'As audit rows name it', examples: ['user:0192d6a0-0000-7000-8000-000000000001'] }),
  }),
  tenant: tenantSummary,
  roles: z.array(z.string()).meta({ description: 'Roles held in that tenant now', examples: [['member']] }),
  scopes: z.array(z.string()).nullable().meta({ description: 'Bounds of the credential; null: none of its own' }),
  expiresAt: z.string().meta({ format: 'date-time' }),
  sessionId: z.uuid().optional(),
  keyId: z.uuid().optional(),
});

/** What anybody may ask about a credential. */
export function credentialQuestionRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.get(
      '/api/v1/auth/whoami',
      {
        config: { access: 'authenticated', errors: ['INVALID_API_KEY'] },
        schema: {
          operationId: 'whoAmI',
          summary: 'What this credential is: whose, where, how far and how long',
          tags: ['account'],
          response: { 200: envelope(whoami) },
        },
      },
      async (request) => {
        const principal = principalOf(request);
        const { type, id, actor, sessionId, keyId } = principal;
        const described = await describeCredential(ctx, principal);
        return {
          data: {
            principal: { type, id, actor },
            ...described,
            roles: [...described.roles],
            scopes: described.scopes === null ? null : [...described.scopes],
            ...(sessionId !== undefined && { sessionId }),
            ...(keyId !== undefined && { keyId }),
          },
        };
      },
    );
    app.post(
      '/api/v1/api-keys/report-leak',
      {
        bodyLimit: credentialBytesMax,
        config: { access: 'public', idempotency: 'none', rateClass: 'token', errors: ['RATE_LIMIT_EXCEEDED'] },
        schema: {
          operationId: 'reportLeakedApiKey',
          summary: 'Tell that an API key was found where it does not belong; a live one ends at once',
          tags: ['api-keys'],
          body: z.strictObject({ token: z.string().min(1).max(1000) }),
          response: { 202: envelope(z.object({ received: z.literal(true) })) },
        },
      },
      async (request, reply) => {
        await ctx.leakReportLimit(request.ip);
        await reportLeak(ctx, request.body.token);
        return reply.code(202).send({ data: { received: true } });
      },
    );
  };
}
