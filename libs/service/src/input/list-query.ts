import { z } from 'zod';

/** Longest cursor that is looked at; ours are far shorter. */
const cursorMax = 2048;

/** `limit` of a list: 1–100, default 25, unless the route declares other bounds. */
export function limit({ max = 100, fallback = 25 }: { max?: number; fallback?: number } = {}) {
  return z.int().min(1).max(max).default(fallback).meta({ description: 'Items of a page' });
}

/** `cursor` of a list: what `meta.nextCursor` of the page before said. */
export function cursor() {
  return z.string().min(1).max(cursorMax).optional().meta({ description: '`meta.nextCursor` of the page before' });
}

/** Members of a list paged by cursor: `z.strictObject({ ...listQuery, q: … })`. */
export const listQuery = { limit: limit(), cursor: cursor() };

/** Members of a bounded list paged by number; page × limit stays within 10,000. */
export const pageQuery = {
  limit: limit(),
  page: z.int().min(1).max(10_000).default(1).meta({ description: 'Number of the page, from 1' }),
};

/** `sort` of a list: one of the declared names, `-` before it for descending order. Names map to columns in the store. */
export function sort<const Names extends readonly [string, ...string[]]>(names: Names) {
  const values = names.flatMap((name) => [name, `-${name}`]) as [Names[number] | `-${Names[number]}`];
  return z.enum(values).optional().meta({ description: 'Order; `-` for descending' });
}
