import { z } from 'zod';

/** Body of every error of a Backstage mount. */
export const backstageErrorSchema = z.object({
  error: z.looseObject({ name: z.string(), message: z.string() }),
  request: z.object({ method: z.string(), url: z.string() }).optional(),
  response: z.object({ statusCode: z.int() }),
});
