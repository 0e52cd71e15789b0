import { z } from 'zod';

/** An entity as the Backstage catalog API shows it; the server never validates what it sends, so any member may follow. */
export const entitySchema = z
  .looseObject({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    metadata: z.looseObject({ name: z.string().optional() }).optional(),
    spec: z.looseObject({}).optional(),
    relations: z.array(z.object({ type: z.string(), targetRef: z.string() })).optional(),
  })
  .describe('An entity; with `fields`, only the parts asked for.');

export const pageInfoSchema = z.object({ nextCursor: z.string().optional(), prevCursor: z.string().optional() });

export const queryAnswerSchema = z.object({
  items: z.array(entitySchema),
  totalItems: z.int(),
  pageInfo: pageInfoSchema,
});

export const facetsSchema = z.object({
  facets: z.record(z.string(), z.array(z.object({ value: z.string(), count: z.int() }))),
});

export const locationSchema = z.object({
  id: z.string(),
  type: z.string(),
  target: z.string(),
  entityRef: z.string(),
});

/** An answer without a body. */
export const emptySchema = z.null().meta({ description: 'No body' });

/** Texts that stand alone or repeat: `?filter=a&filter=b`. */
export function textList(max: number) {
  return z.array(z.string().max(8192)).max(max).optional();
}

export const entityPathSchema = z.strictObject({
  kind: z.string().max(600),
  namespace: z.string().max(600),
  name: z.string().max(600),
});

/** A predicate is checked by its own parser, which says more than a schema could. */
export const predicateSchema = z
  .unknown()
  .optional()
  .describe('A predicate: {"$all":[…]}, {"$any":[…]}, {"$not":…} or {"<key>": …}.');
