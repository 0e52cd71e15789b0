import { z } from 'zod';
import { ValidationError } from '@idp/errors';
import { backstageErrorSchema, type RoutePlugin } from '@idp/service';
import type { Cursor } from '../domain/query/cursor.ts';
import { parseFields, type Projection } from '../domain/query/fields.ts';
import { parseFilters } from '../domain/query/filter-grammar.ts';
import { parseOrderBy, parseOrderFields } from '../domain/query/order.ts';
import { parsePredicate } from '../domain/query/predicate.ts';
import { everything } from '../domain/query/tree.ts';
import type { FastifyRequest } from 'fastify';
import { readVisible, type ReadContext } from '../routes/read-visible.ts';
import { sendJson } from './json-reply.ts';
import { readListPage, type ListPage } from './list-page.ts';
import { continuedRequest, initialRequest, type ListRequest } from './list-request.ts';
import { queryConfig, readConfig } from './route-config.ts';
import { predicateSchema, queryAnswerSchema, textList } from './schemas.ts';
import { readSignedCursor, writeSignedCursor } from './signed-cursor.ts';

const querySchema = z.strictObject({
  fields: textList(200),
  limit: z.int().optional(),
  offset: z.int().optional(),
  orderField: textList(100),
  cursor: z.string().optional(),
  filter: textList(100),
  totalItems: z.enum(['include', 'exclude']).optional(),
  fullTextFilterTerm: z.string().optional(),
  fullTextFilterFields: textList(100),
});

const bodySchema = z.strictObject({
  cursor: z.string().optional(),
  limit: z.int().optional(),
  offset: z.int().optional(),
  orderBy: z.array(z.strictObject({ field: z.string(), order: z.string() })).optional(),
  fields: z.array(z.string()).optional(),
  fullTextFilter: z.strictObject({ term: z.string().optional(), fields: z.array(z.string()).optional() }).optional(),
  totalItems: z.enum(['include', 'exclude']).optional(),
  query: predicateSchema,
});

const response = { 200: queryAnswerSchema, default: backstageErrorSchema };

/** `/entities/by-query`: pages with cursors, by parameters (GET) or by predicate (POST). */
export function entitiesByQueryRoutes(context: ReadContext): RoutePlugin {
  return async (app) => {
    app.get('/entities/by-query', {
      config: readConfig,
      schema: {
        operationId: 'getEntitiesByQuery',
        summary: 'Page through entities',
        querystring: querySchema,
        response,
      },
      handler: async (request, reply) => {
        const { cursor, limit, fields } = request.query;
        // An empty cursor parameter counts as none, as a form would send it.
        const asked = cursor === undefined || cursor === '' ? fromParameters(request.query) : { cursor, limit };
        return sendJson(request, reply, await answer(context, request, asked, parseFields(fields)));
      },
    });
    app.post('/entities/by-query', {
      config: queryConfig,
      schema: {
        operationId: 'queryEntitiesByPredicate',
        summary: 'Page through entities that match a predicate',
        body: bodySchema,
        response,
      },
      handler: async (request, reply) => {
        const { cursor, limit, fields } = request.body;
        if (cursor === '') throw new ValidationError('Cursor cannot be empty');
        const asked = cursor === undefined ? fromBody(request.body) : { cursor, limit };
        return sendJson(request, reply, await answer(context, request, asked, parseFields(fields)));
      },
    });
  };
}

function fromParameters(query: z.output<typeof querySchema>): ListRequest {
  return initialRequest({
    ...query,
    query: parseFilters(query.filter ?? []),
    fullText: {
      term: query.fullTextFilterTerm,
      fields: query.fullTextFilterFields?.flatMap((text) => text.split(',')),
    },
    orderFields: parseOrderFields(query.orderField ?? []),
  });
}

function fromBody(body: z.output<typeof bodySchema>): ListRequest {
  return initialRequest({
    ...body,
    query: body.query === undefined ? everything : parsePredicate(body.query),
    fullText: body.fullTextFilter,
    orderFields: (body.orderBy ?? []).map(({ field, order }) => parseOrderBy(field, order)),
  });
}

type Asked = ListRequest | { cursor: string; limit: number | undefined };

function answer(
  context: ReadContext,
  request: FastifyRequest,
  asked: Asked,
  projection: Projection | undefined,
): Promise<string> {
  return readVisible(context, request, async (tx, visible) => {
    const list = 'cursor' in asked ? resumed(tx, asked, visible.rights) : asked;
    const page = await readListPage(tx, list, visible.tree, projection);
    const write = (cursor: Cursor): string => writeSignedCursor(tx, 'by-query', cursor, visible.rights);
    return pageJson(page, write);
  });
}

function resumed(
  tx: Parameters<typeof readSignedCursor>[0],
  asked: { cursor: string; limit: number | undefined },
  rights: string,
): ListRequest {
  const { members, sameRights } = readSignedCursor<Cursor>(tx, 'by-query', asked.cursor, rights);
  return continuedRequest(members, sameRights, members.query ?? everything, asked.limit);
}

function pageJson({ items, totalItems, nextCursor, prevCursor }: ListPage, write: (cursor: Cursor) => string): string {
  const pageInfo = {
    ...(nextCursor === undefined ? {} : { nextCursor: write(nextCursor) }),
    ...(prevCursor === undefined ? {} : { prevCursor: write(prevCursor) }),
  };
  return `{"items":[${items.join(',')}],"totalItems":${totalItems},"pageInfo":${JSON.stringify(pageInfo)}}`;
}
