import { Readable } from 'node:stream';
import { z } from 'zod';
import { ValidationError } from '@idp/errors';
import { backstageErrorSchema, principalOf, type RoutePlugin } from '@idp/service';
import { parseFields } from '../domain/query/fields.ts';
import { parseFilters } from '../domain/query/filter-grammar.ts';
import { parseEntityOrder } from '../domain/query/order.ts';
import { readVisible, type ReadContext } from '../routes/read-visible.ts';
import { afterToken, entitiesAfter, nextPageLink, type EntitiesRequest } from './entities-page.ts';
import { entityBatches, listNumbers, readEntities } from './entity-stream.ts';
import { sendJson } from './json-reply.ts';
import { readConfig } from './route-config.ts';
import { entitySchema, textList } from './schemas.ts';

/** A result of no more entities than this is sent in one piece, with an ETag; a larger one is streamed. */
const oneBodyMax = 500;

const querySchema = z.strictObject({
  fields: textList(200),
  limit: z.int().optional(),
  offset: z.int().optional(),
  after: z.string().optional(),
  filter: textList(100),
  order: textList(100),
});

/** GET `/entities`: the matching entities as one array, whole or by pages. */
export function entitiesRoutes(context: ReadContext): RoutePlugin {
  return async (app) => {
    app.get('/entities', {
      config: { ...readConfig, deadlineMs: 600_000 },
      schema: {
        operationId: 'getEntities',
        summary: 'List entities; without limit, offset and after the whole result is streamed',
        querystring: querySchema,
        response: { 200: z.array(entitySchema), default: backstageErrorSchema },
      },
      handler: async (request, reply) => {
        const projection = parseFields(request.query.fields);
        const asked = entitiesRequest(request.query);
        const tenantId = principalOf(request).tenantId;
        // The rights are judged here; the bodies of what was visible at this moment follow in short transactions.
        const found = await readVisible(context, request, async (tx, visible) => {
          const list = asked.after === undefined ? asked : entitiesAfter(tx, asked, asked.after, visible.rights);
          const page = await listNumbers(tx, list, visible.tree);
          const next = page.more ? afterToken(tx, list, page.last, visible.rights) : undefined;
          const inOneBody = page.numbers.length <= oneBodyMax;
          return {
            numbers: page.numbers,
            next,
            items: inOneBody ? await readEntities(tx, page.numbers, projection) : undefined,
          };
        });
        if (found.next !== undefined) reply.header('link', nextPageLink(request.url, found.next));
        if (found.items !== undefined) return sendJson(request, reply, `[${found.items.join(',')}]`);
        const door = context.database.tenant(tenantId);
        const signal = request.operation.signal;
        reply.type('application/json; charset=utf-8');
        reply.send(
          Readable.from(entityBatches(door, found.numbers, projection, signal), { objectMode: false }) as never,
        );
        return reply;
      },
    });
  };
}

function entitiesRequest(query: z.output<typeof querySchema>): EntitiesRequest {
  const { limit, offset, after, filter = [], order = [] } = query;
  if (limit !== undefined && limit <= 0) throw new ValidationError('Invalid limit, must be greater than zero');
  if (offset !== undefined && offset < 0) throw new ValidationError('Invalid offset, must be zero or greater');
  if (after === '') throw new ValidationError('Invalid after, must not be empty');
  return {
    query: parseFilters(filter),
    order: parseEntityOrder(order),
    whole: limit === undefined && offset === undefined && after === undefined,
    limit,
    offset: offset ?? 0,
    after,
    position: undefined,
  };
}
