import { z } from 'zod';
import { ValidationError } from '@idp/errors';
import { backstageErrorSchema, principalOf, type RoutePlugin } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { parseFilters } from '../domain/query/filter-grammar.ts';
import { parsePredicate } from '../domain/query/predicate.ts';
import { foldText } from '../domain/query/text.ts';
import { allOf, everything, type QueryNode } from '../domain/query/tree.ts';
import { getHeadSeq } from '../store/changes.ts';
import type { FacetCache } from '../store/query/facet-cache.ts';
import { queryEntities } from '../store/query/query-entities.ts';
import { readOne, type ReadContext } from '../routes/read-visible.ts';
import { sendJson } from './json-reply.ts';
import { queryConfig, readConfig } from './route-config.ts';
import { facetsSchema, predicateSchema, textList } from './schemas.ts';

const facetsMax = 100;
const response = { 200: facetsSchema, default: backstageErrorSchema };

interface FacetContext extends ReadContext {
  readonly facets: FacetCache;
}

/** `/entity-facets`: how many matching entities have each value of a key. */
export function entityFacetRoutes(context: FacetContext): RoutePlugin {
  return async (app) => {
    app.get('/entity-facets', {
      config: readConfig,
      schema: {
        operationId: 'getEntityFacets',
        summary: 'Count values of keys',
        querystring: z.strictObject({ facet: textList(facetsMax), filter: textList(100) }),
        response,
      },
      handler: async (request, reply) => {
        const { facet, filter = [] } = request.query;
        return sendJson(request, reply, await answer(context, request, facet, parseFilters(filter)));
      },
    });
    app.post('/entity-facets', {
      config: queryConfig,
      schema: {
        operationId: 'queryEntityFacetsByPredicate',
        summary: 'Count values of keys among entities that match a predicate',
        body: z.strictObject({ facets: z.array(z.string()).max(facetsMax), query: predicateSchema }),
        response,
      },
      handler: async (request, reply) => {
        const { facets, query } = request.body;
        const tree = query === undefined ? everything : parsePredicate(query);
        return sendJson(request, reply, await answer(context, request, facets, tree));
      },
    });
  };
}

async function answer(
  context: FacetContext,
  request: FastifyRequest,
  facets: readonly string[] | undefined,
  tree: QueryNode,
): Promise<string> {
  const keys = [...new Set(facets?.map((facet) => facet.trim()).filter((facet) => facet !== ''))];
  if (keys.length === 0) throw new ValidationError('Invalid facet parameter, expected at least one facet');
  const folded = keys.map(foldText);
  const { visible, seq } = await readOne(context, request, async (tx, rights) => ({
    visible: rights,
    seq: await getHeadSeq(tx),
  }));
  const { tenantId } = principalOf(request);
  // Others may wait for the same counts: they are read as this caller may see them now, whether or not it stays. They may be
  // newer than `seq`: then nobody asks for that state any more.
  const counts = await context.facets.counts({ tenantId, seq, rights: visible.rights, tree, keys: folded }, () =>
    context.database
      .tenant(tenantId)
      .read(async (tx) => (await queryEntities(tx, { tree: allOf([visible.tree, tree]), facets: folded })).facets, {
        isolation: 'repeatable read',
      }),
  );
  const body = { facets: Object.fromEntries(keys.map((key, index) => [key, counts[index] ?? []])) };
  return JSON.stringify(body);
}
