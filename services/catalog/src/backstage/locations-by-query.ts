import { z } from 'zod';
import { ValidationError } from '@idp/errors';
import { backstageErrorSchema, principalOf, type RoutePlugin } from '@idp/service';
import { invalidCursor } from '../domain/query/cursor.ts';
import { parsePredicate } from '../domain/query/predicate.ts';
import { recordMatches } from '../domain/query/record-matches.ts';
import { everything, type QueryNode } from '../domain/query/tree.ts';
import { listLocations, type LocationView } from '../store/query/locations.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import type { ReadContext } from '../routes/read-visible.ts';
import { sendJson } from './json-reply.ts';
import { readLocations } from './locations.ts';
import { queryConfig } from './route-config.ts';
import { locationSchema, pageInfoSchema, predicateSchema } from './schemas.ts';
import { readSignedCursor, writeSignedCursor } from './signed-cursor.ts';

const limitDefault = 1000;
const rights = 'all';

interface LocationCursor {
  readonly limit: number;
  readonly afterId: string;
  readonly query: QueryNode;
}

/** POST `/locations/by-query`: registered locations by predicate, in pages ordered by id. */
export function locationsByQueryRoutes(context: ReadContext): RoutePlugin {
  const read = readLocations(context);
  return async (app) => {
    app.post('/locations/by-query', {
      config: queryConfig,
      schema: {
        operationId: 'getLocationsByQuery',
        summary: 'Page through registered locations',
        body: z.strictObject({ cursor: z.string().optional(), limit: z.int().optional(), query: predicateSchema }),
        response: {
          200: z.object({ items: z.array(locationSchema), totalItems: z.int(), pageInfo: pageInfoSchema }),
          default: backstageErrorSchema,
        },
      },
      handler: async (request, reply) => {
        const { cursor, limit, query } = request.body;
        const first = cursor === undefined ? firstPage(limit, query) : undefined;
        const answer = await read(principalOf(request), async (tx) => {
          const asked = first ?? resumedPage(tx, cursor ?? '');
          return pageOf(await listLocations(tx), asked, (next) => writeSignedCursor(tx, 'locations', next, rights));
        });
        return sendJson(request, reply, JSON.stringify(answer ?? { items: [], totalItems: 0, pageInfo: {} }));
      },
    });
  };
}

interface LocationPage {
  readonly limit: number;
  readonly afterId: string;
  readonly query: QueryNode;
}

function firstPage(limit = limitDefault, query: unknown): LocationPage {
  if (limit < 1) throw new ValidationError('Limit must be a positive integer >= 1');
  return { limit, afterId: '', query: query === undefined ? everything : parsePredicate(query) };
}

function resumedPage(tx: CatalogTx, cursor: string): LocationPage {
  if (cursor === '') throw new ValidationError('Cursor cannot be empty');
  const { members } = readSignedCursor<LocationCursor>(tx, 'locations', cursor, rights);
  if (members.query === undefined) throw invalidCursor();
  return members;
}

function pageOf(locations: readonly LocationView[], page: LocationPage, write: (next: LocationCursor) => string) {
  const matching = locations.filter((location) => recordMatches(page.query, { ...location }));
  const rest = matching.filter((location) => location.id > page.afterId);
  const items = rest.slice(0, page.limit);
  const last = items.at(-1);
  const more = rest.length > items.length && last !== undefined;
  const pageInfo = more ? { nextCursor: write({ limit: page.limit, afterId: last.id, query: page.query }) } : {};
  return { items, totalItems: matching.length, pageInfo };
}
