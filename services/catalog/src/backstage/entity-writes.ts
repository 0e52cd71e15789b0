import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import { backstageErrorSchema, principalOf, type RoutePlugin } from '@idp/service';
import type { CatalogContext } from '../context.ts';
import { foldText } from '../domain/query/text.ts';
import { entityRights } from '../routes/entity-rights.ts';
import { refreshEntity } from '../operations/refresh-entity.ts';
import { removeEntity } from '../operations/remove-entity.ts';
import { sendEmpty } from './json-reply.ts';
import { emptySchema } from './schemas.ts';

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Refreshing and removing single entities. */
export function entityWriteRoutes(context: CatalogContext): RoutePlugin {
  return async (app) => {
    app.post('/refresh', {
      config: { permission: 'catalog:entity:refresh', part: true, envelope: false, idempotency: 'none' },
      schema: {
        operationId: 'refreshEntity',
        summary: 'Read again where an entity comes from',
        // The caller is who the bearer token says; the member is Backstage's older way to send it.
        body: z.strictObject({ entityRef: z.string().max(600), authorizationToken: z.string().optional() }),
        response: { 200: emptySchema, default: backstageErrorSchema },
      },
      handler: async (request, reply) => {
        const ref = foldText(request.body.entityRef);
        const principal = principalOf(request);
        const { signal } = request.operation;
        const requireEntity = await entityRights(context.access, principal, {
          permission: 'catalog:entity:refresh',
          missing: `Entity ${ref} not found`,
        });
        await context.database.tenant(principal.tenantId).write(
          async (tx) => {
            await requireEntity(tx, { ref });
            await refreshEntity(tx, { ref });
          },
          { signal },
        );
        return sendEmpty(reply, 200);
      },
    });
    app.delete('/entities/by-uid/:uid', {
      config: { permission: 'catalog:entity:delete', part: true, envelope: false },
      schema: {
        operationId: 'deleteEntityByUid',
        summary: 'Remove an entity; nothing happens when it is unknown',
        params: z.strictObject({ uid: z.string().max(600) }),
        response: { 204: emptySchema, default: backstageErrorSchema },
      },
      handler: async (request, reply) => {
        const { uid } = request.params;
        if (canonicalUuid.test(uid)) await removeIfKnown(context, request, uid.toLowerCase());
        return sendEmpty(reply, 204);
      },
    });
  };
}

async function removeIfKnown(context: CatalogContext, request: FastifyRequest, uid: string): Promise<void> {
  const principal = principalOf(request);
  const { tenantId, actor } = principal;
  const { signal } = request.operation;
  const requireEntity = await entityRights(context.access, principal, {
    permission: 'catalog:entity:delete',
    missing: 'the entity does not exist',
  });
  try {
    const door = context.database.tenant(tenantId);
    await door.write(
      async (tx) => {
        await requireEntity(tx, { uid });
        await removeEntity(tx, context, { entity: { uid }, actor });
      },
      { signal },
    );
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
