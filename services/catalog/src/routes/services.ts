import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import { envelope, id, isUnchanged, pageEnvelope, type RoutePlugin } from '@idp/service';
import { readVisibleServices } from './read-visible.ts';
import type { CatalogContext } from '../context.ts';
import { allOf, type QueryNode } from '../domain/query/tree.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { findEntityByUid } from '../store/query/find-entity.ts';
import { listRegistryRows } from '../store/query/services.ts';
import { readServicePage, serviceListQuery, servicesTree } from './service-list.ts';
import { serviceSchema, serviceView, type ServiceView } from './service-view.ts';

/** Reading the service registry. */
export function serviceReadRoutes(context: CatalogContext): RoutePlugin {
  return async (app) => {
    app.get('/api/v1/services', {
      config: { permission: 'catalog:service:read', part: true, errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: 'listServices',
        summary: 'List services by name',
        tags: ['services'],
        querystring: serviceListQuery,
        response: { 200: pageEnvelope(serviceSchema) },
      },
      handler: async (request) => {
        const { query } = request;
        return readVisibleServices(context, request, async (tx, visible) => {
          const { rows, total, nextCursor } = await readServicePage(tx, request, query, visible.tree);
          const registry = await listRegistryRows(
            tx,
            rows.map((row) => row.id),
          );
          const data = rows.map((row) => serviceView(row, registry.get(row.id))).filter((view) => view !== undefined);
          const next = nextCursor === undefined ? {} : { nextCursor };
          const page = query.cursor === undefined ? { page: query.page ?? 1 } : {};
          return { data, meta: { ...page, ...next, limit: query.limit, total } };
        });
      },
    });
    app.get('/api/v1/services/:id', {
      config: { permission: 'catalog:service:read', part: true, cacheControl: 'private, no-cache' },
      schema: {
        operationId: 'getService',
        summary: 'Get a service',
        tags: ['services'],
        params: z.strictObject({ id: id() }),
        response: { 200: envelope(serviceSchema) },
      },
      handler: async (request, reply) => {
        const found = await readVisibleServices(context, request, (tx, visible) =>
          readService(tx, request.params.id, visible.tree),
        );
        if (isUnchanged(request, reply as never, found.revision))
          return reply.code(304 as never).send(undefined as never);
        return { data: found.service };
      },
    });
  };
}

/** A service with the revision of its entity, which is its ETag. Throws NotFoundError for unknown and invisible ones alike. */
export async function readService(
  tx: CatalogTx,
  serviceId: string,
  visible: QueryNode,
): Promise<{ service: ServiceView; revision: number }> {
  const [row, registry] = await Promise.all([
    findEntityByUid(tx, serviceId, allOf([visible, servicesTree])),
    listRegistryRows(tx, [serviceId]),
  ]);
  const service = row === undefined ? undefined : serviceView(row, registry.get(serviceId));
  if (row === undefined || service === undefined) throw new NotFoundError('this service does not exist');
  return { service, revision: row.revision };
}
