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

export const tokenPair = z.object({
  accessToken: z.string().meta({ description: 'JWT for `Authorization: Bearer`' }),
  refreshToken: z.string().meta({ description: 'For one call of POST /api/v1/auth/refresh' }),
  expiresIn,
});

export const tenantSummary = z.object({
  id: z.uuid(),
  slug: z.string().meta({ examples: ['default'] }),
  name: z.string(),
});
