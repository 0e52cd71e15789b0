import { NotFoundError, PermissionError } from '@idp/errors';
import { z } from 'zod';
import { backstageErrorSchema, type RoutePlugin } from '@idp/service';
import { formatEntityRef } from '../domain/model/entity-ref.ts';
import { readAncestry, type AncestryRow } from '../store/query/ancestry.ts';
import { entityJson } from '../store/query/entity-rows.ts';
import { findEntitiesByRefs } from '../store/query/find-entity.ts';
import { readVisible, type ReadContext } from '../routes/read-visible.ts';
import { sendJson } from './json-reply.ts';
import { readConfig } from './route-config.ts';
import { entityPathSchema, entitySchema } from './schemas.ts';

const answerSchema = z.object({
  rootEntityRef: z.string(),
  items: z.array(z.object({ entity: entitySchema, parentEntityRefs: z.array(z.string()) })),
});

/** `…/ancestry`: an entity and the Location entities that led to it. */
export function ancestryRoutes(context: ReadContext): RoutePlugin {
  return async (app) => {
    app.get('/entities/by-name/:kind/:namespace/:name/ancestry', {
      config: readConfig,
      schema: {
        operationId: 'getEntityAncestryByName',
        summary: 'Get an entity and the locations that led to it',
        params: entityPathSchema,
        response: { 200: answerSchema, default: backstageErrorSchema },
      },
      handler: async (request, reply) => {
        const ref = formatEntityRef(request.params);
        const rows = await readVisible(context, request, async (tx, visible) => {
          const chain = await readAncestry(tx, ref);
          const refs = chain.map((row) => row.ref);
          const seen = await findEntitiesByRefs(tx, refs, { tree: visible.tree, withRelations: false });
          const readable = new Set(seen.map((row) => row.ref));
          if (chain.length > 0 && !readable.has(ref)) throw new PermissionError(`No permission to read ${ref}`);
          return chain.filter((row) => readable.has(row.ref));
        });
        if (rows.length === 0) throw new NotFoundError(`No such entity ${ref}`);
        return sendJson(request, reply, ancestryJson(ref, rows));
      },
    });
  };
}

/** Hidden ancestors are neither items nor named as parents. */
function ancestryJson(root: string, rows: readonly AncestryRow[]): string {
  const refs = new Map(rows.map((row) => [row.no, row.ref]));
  const items = rows.map((row) => {
    const parents = row.parents.flatMap((no) => refs.get(no) ?? []);
    return `{"entity":${entityJson(row)},"parentEntityRefs":${JSON.stringify(parents)}}`;
  });
  return `{"rootEntityRef":${JSON.stringify(root)},"items":[${items.join(',')}]}`;
}
