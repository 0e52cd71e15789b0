import { z } from 'zod';
import { passwordCharactersMax } from '../passwords/password-rule.ts';

/** Credential routes take at most 16 KiB. */
export const credentialBytesMax = 16 * 1024;

export const password = z
  .string()
  .min(1)
  .refine((text) => text.isWellFormed(), 'must be Unicode text')
  .refine((text) => Array.from(text).length <= passwordCharactersMax, `at most ${passwordCharactersMax} characters`)
  .meta({ description: 'Exact text: nothing is trimmed or normalised', examples: ['a long sentence of your own'] });

const expiresIn = z.int().meta({ description: 'Seconds the access token lives', examples: [900] });

const tokenPair = z.object({
  accessToken: z.string().meta({ description: 'JWT for `Authorization: Bearer`' }),
  refreshToken: z.string().meta({ description: 'For one call of POST /api/v1/auth/refresh' }),
  expiresIn,
});

const byCookie = 'absent where it travels in a cookie';

/** Of a route that knows both transports: with cookies the body holds the CSRF value instead of the tokens. */
export const carriedTokens = z.object({
  accessToken: tokenPair.shape.accessToken.optional().meta({ description: `JWT; ${byCookie}` }),
  refreshToken: tokenPair.shape.refreshToken.optional().meta({ description: `For one refresh; ${byCookie}` }),
  csrfToken: z.string().optional().meta({ description: 'For `X-CSRF-Token` of every change; with cookies alone' }),
  expiresIn,
});

export const tenantSummary = z.object({
  id: z.uuid(),
  slug: z.string().meta({ examples: ['default'] }),
  name: z.string(),
});
