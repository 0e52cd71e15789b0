import { z } from 'zod';

// The kernel fills both ids in, so handlers may leave `meta` out while the description shows it as always there.
const ids = { requestId: z.string().default(''), traceId: z.string().default('') };

/** `meta` of a single resource. */
export const metaSchema = z.object(ids);

/** `meta` of a list: a cursor, or page numbers where the collection is bounded. */
export const pageMetaSchema = z.object({
  ...ids,
  nextCursor: z.string().optional(),
  page: z.int().optional(),
  limit: z.int().optional(),
  total: z.int().optional(),
  totalIsMinimum: z.boolean().optional(),
});

const noIds = { requestId: '', traceId: '' };

/** `{ data, meta }` around one resource; handlers return `{ data }`. */
export function envelope<S extends z.ZodType>(schema: S) {
  return z.object({ data: schema, meta: metaSchema.default(noIds) });
}

/** `{ data: [...], meta }` around a list; handlers return `{ data, meta: { nextCursor } }`. */
export function pageEnvelope<S extends z.ZodType>(schema: S) {
  return z.object({ data: z.array(schema), meta: pageMetaSchema.default(noIds) });
}

/** Body of every error answer. */
export const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
  meta: z.object({ requestId: z.string(), traceId: z.string() }),
});
