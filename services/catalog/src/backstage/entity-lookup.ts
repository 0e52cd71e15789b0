import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import { backstageErrorSchema, type RoutePlugin } from '@idp/service';
import { formatEntityRef } from '../domain/model/entity-ref.ts';
import { parseFields } from '../domain/query/fields.ts';
import { parseFilters } from '../domain/query/filter-grammar.ts';
import { parsePredicate } from '../domain/query/predicate.ts';
import { allOf, everything } from '../domain/query/tree.ts';
import { entityJson, type EntityText } from '../store/query/entity-rows.ts';
import { findEntitiesByRefs, findEntityByUid } from '../store/query/find-entity.ts';
import { readEntityByRef, readOne, readVisible, type ReadContext } from '../routes/read-visible.ts';
import { sendJson } from './json-reply.ts';
import { itemJson } from './list-page.ts';
import { queryConfig, readConfig } from './route-config.ts';
import { entityPathSchema, entitySchema, predicateSchema, textList } from './schemas.ts';

const refsMax = 10_000;
const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const response = { 200: entitySchema, default: backstageErrorSchema };

/** Single entities: by uid, by name and by refs. */
export function entityLookupRoutes(context: ReadContext): RoutePlugin {
  return async (app) => {
    app.get('/entities/by-uid/:uid', {
      config: readConfig,
      schema: {
        operationId: 'getEntityByUid',
        summary: 'Get an entity by its uid',
        params: z.strictObject({ uid: z.string().max(600) }),
        response,
      },
      handler: async (request, reply) => {
        const { uid } = request.params;
        const row = canonicalUuid.test(uid)
          ? await readOne(context, request, (tx, { tree }) => findEntityByUid(tx, uid.toLowerCase(), tree))
          : undefined;
        return sendJson(request, reply, found(row, `No entity with uid ${uid}`));
      },
    });
    app.get('/entities/by-name/:kind/:namespace/:name', {
      config: readConfig,
      schema: {
        operationId: 'getEntityByName',
        summary: 'Get an entity by kind, namespace and name',
        params: entityPathSchema,
        response,
      },
      handler: async (request, reply) => {
        const { kind, namespace, name } = request.params;
        const ref = formatEntityRef(request.params);
        const row = await readEntityByRef(context, request, ref);
        const missing = `No entity named '${name}' found, with kind '${kind}' in namespace '${namespace}'`;
        return sendJson(request, reply, found(row, missing));
      },
    });
    registerByRefs(app, context);
  };
}

function registerByRefs(app: Parameters<RoutePlugin>[0], context: ReadContext): void {
  app.post('/entities/by-refs', {
    config: { ...queryConfig, json: { items: refsMax } },
    schema: {
      operationId: 'getEntitiesByRefs',
      summary: 'Get many entities by their refs; the answer has their order and length',
      querystring: z.strictObject({ filter: textList(100) }),
      body: z.strictObject({
        entityRefs: z.array(z.string()).max(refsMax),
        fields: z.array(z.string()).optional(),
        query: predicateSchema,
      }),
      response: { 200: z.object({ items: z.array(entitySchema.nullable()) }), default: backstageErrorSchema },
    },
    handler: async (request, reply) => {
      const { entityRefs, fields, query } = request.body;
      const projection = parseFields(fields);
      const filter = parseFilters(request.query.filter ?? []);
      const predicate = query === undefined ? everything : parsePredicate(query);
      const rows = await readVisible(context, request, (tx, { tree }) =>
        findEntitiesByRefs(tx, [...new Set(entityRefs)], {
          tree: allOf([tree, filter, predicate]),
          withRelations: projection?.withRelations ?? true,
        }),
      );
      const items = new Map(rows.map((row) => [row.ref, itemJson(row, projection)]));
      const list = entityRefs.map((ref) => items.get(ref) ?? 'null');
      return sendJson(request, reply, `{"items":[${list.join(',')}]}`);
    },
  });
}

function found(row: EntityText | undefined, missing: string): string {
  if (row === undefined) throw new NotFoundError(missing);
  return entityJson(row);
}
