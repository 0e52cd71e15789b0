import { errorSchema, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';

const publicKey = z.object({
  kty: z.string(),
  crv: z.string(),
  x: z.string(),
  y: z.string().optional(),
  kid: z.string(),
  alg: z.string(),
  use: z.literal('sig'),
});

const jwkSet = z.object({ keys: z.array(publicKey) });

/** Public keys of access tokens in the form of RFC 7517 §5. */
export function jwksRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    app.get(
      '/.well-known/jwks.json',
      {
        config: { access: 'public', envelope: false, cacheControl: 'public, max-age=300' },
        schema: {
          operationId: 'getJwks',
          summary: 'Keys that verify access tokens',
          tags: ['discovery'],
          response: { 200: jwkSet, default: errorSchema },
        },
      },
      async () => ({ keys: (await ctx.signingKeys.published()) as z.input<typeof publicKey>[] }),
    );
  };
}
