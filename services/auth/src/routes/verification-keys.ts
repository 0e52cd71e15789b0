import type { RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { listVerificationKeys } from '../store/verification-keys.ts';

const keySet = z.object({ keys: z.array(z.looseObject({ kid: z.string(), kty: z.string(), use: z.string() })) });

/**
 * Public keys of what is signed to be verified long after, each with the set it belongs to; kept for ever. Public keys are no
 * secret, but only services of the platform ask for them here: the gateway routes nothing under /internal.
 */
export function verificationKeyRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.get(
      '/internal/v1/verification-keys',
      {
        config: { access: 'public', internal: true, envelope: false, cacheControl: 'public, max-age=300' },
        schema: {
          operationId: 'getVerificationKeys',
          summary: 'Keys that verify audit checkpoints and the access snapshot',
          tags: ['discovery'],
          response: { 200: keySet },
        },
      },
      async () => {
        const keys = await ctx.database.global.read((tx) => listVerificationKeys(tx));
        return { keys: keys.map(({ publicJwk, use }) => ({ ...publicJwk, use })) as z.input<typeof keySet>['keys'] };
      },
    );
  };
}
