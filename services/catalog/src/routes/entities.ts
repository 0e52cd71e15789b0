import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import { envelope, isUnchanged, pageMetaSchema, text, type RoutePlugin } from '@idp/service';
import { entitySchema, textList } from '../backstage/schemas.ts';
import type { CatalogContext } from '../context.ts';
import { formatEntityRef } from '../domain/model/entity-ref.ts';
import { parseFields } from '../domain/query/fields.ts';
import { entityJson } from '../store/query/entity-rows.ts';
import { readEntityPage } from './entity-list.ts';
import { readEntityByRef, readVisible } from './read-visible.ts';

const entityListQuery = z.strictObject({
  filter: textList(100),
  q: text({ max: 200 }).optional(),
  kind: text({ max: 63 }).optional(),
  ownerRef: text({ max: 300 }).optional(),
  fields: textList(200),
  orderBy: z.array(z.string().max(300)).max(3).optional(),
  facets: textList(20),
  limit: z.int().min(1).max(100).default(25),
  cursor: z.string().max(4096).optional(),
});

const bucketSchema = z.object({ value: z.string(), count: z.int() });

const entityPath = z.strictObject({
  kind: z.string().max(63),
  namespace: z.string().max(63),
  name: z.string().max(63),
});

/** Reading entities under `/api/v1/catalog`. */
export function entityReadRoutes(context: CatalogContext): RoutePlugin {
  return async (app) => {
    app.get('/api/v1/catalog/entities', {
      config: { permission: 'catalog:entity:read', part: true, errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: 'listEntities',
        summary: 'List entities; page, total and facets describe one snapshot',
        tags: ['entities'],
        querystring: entityListQuery,
        response: {
          200: z.object({
            data: z.array(entitySchema),
            meta: pageMetaSchema.extend({ facets: z.record(z.string(), z.array(bucketSchema)).optional() }),
          }),
        },
      },
      handler: (request) => {
        const { query } = request;
        const projection = parseFields(query.fields);
        return readVisible(context, request, async (tx, visible) => {
          const page = await readEntityPage(tx, request, query, visible.tree, projection);
          const facets = page.facets === undefined ? {} : { facets: page.facets };
          const next = page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor };
          return { data: page.items, meta: { limit: query.limit, total: page.total, ...next, ...facets } };
        });
      },
    });
    app.get('/api/v1/catalog/entities/:kind/:namespace/:name', {
      config: { permission: 'catalog:entity:read', part: true, cacheControl: 'private, no-cache' },
      schema: {
        operationId: 'getEntity',
        summary: 'Get an entity; its ETag is its revision',
        tags: ['entities'],
        params: entityPath,
        response: { 200: envelope(entitySchema) },
      },
      handler: async (request, reply) => {
        const ref = formatEntityRef(request.params);
        const row = await readEntityByRef(context, request, ref);
        if (row === undefined) throw new NotFoundError('this entity does not exist');
        if (isUnchanged(request, reply as never, row.revision))
          return reply.code(304 as never).send(undefined as never);
        return { data: JSON.parse(entityJson(row)) as z.input<typeof entitySchema> };
      },
    });
  };
}
