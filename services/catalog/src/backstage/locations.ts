import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import { backstageErrorSchema, principalOf, type RoutePlugin } from '@idp/service';
import { annotations } from '../domain/model/entity.ts';
import { formatEntityRef } from '../domain/model/entity-ref.ts';
import { parseLocationRef } from '../domain/model/location-ref.ts';
import { findEntityByRef } from '../store/query/find-entity.ts';
import { findLocationById, findLocationByTarget } from '../store/locations.ts';
import { listLocations, type LocationView } from '../store/query/locations.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import type { ReadContext } from '../routes/read-visible.ts';
import { sendJson } from './json-reply.ts';
import { readConfig } from './route-config.ts';
import { entityPathSchema, locationSchema } from './schemas.ts';

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const response = { 200: locationSchema, default: backstageErrorSchema };

/** Reading registered locations. */
export function locationReadRoutes(context: ReadContext): RoutePlugin {
  const read = readLocations(context);
  return async (app) => {
    app.get('/locations', {
      config: readConfig,
      schema: {
        operationId: 'getLocations',
        summary: 'List registered locations',
        response: { 200: z.array(z.object({ data: locationSchema })), default: backstageErrorSchema },
      },
      handler: async (request, reply) => {
        const locations = await read(principalOf(request), listLocations);
        return sendJson(request, reply, JSON.stringify((locations ?? []).map((data) => ({ data }))));
      },
    });
    app.get('/locations/:id', {
      config: readConfig,
      schema: {
        operationId: 'getLocation',
        summary: 'Get a registered location',
        params: z.strictObject({ id: z.string().max(600) }),
        response,
      },
      handler: async (request, reply) => {
        const { id } = request.params;
        const location = canonicalUuid.test(id)
          ? await read(principalOf(request), (tx) => findLocationById(tx, id.toLowerCase()))
          : undefined;
        return sendJson(request, reply, found(location, `Found no location with ID ${id}`));
      },
    });
    app.get('/locations/by-entity/:kind/:namespace/:name', {
      config: readConfig,
      schema: {
        operationId: 'getLocationByEntity',
        summary: 'Get the location an entity came from',
        params: entityPathSchema,
        response,
      },
      handler: async (request, reply) => {
        const ref = formatEntityRef(request.params);
        const location = await read(principalOf(request), (tx) => findOriginLocation(tx, ref));
        return sendJson(request, reply, found(location, `found no location for entity ref ${ref}`));
      },
    });
  };
}

type Principal = ReturnType<typeof principalOf>;

/** Undefined for a caller who may read no location; lists are then empty and single ones 404. */
export function readLocations({ access, database }: ReadContext) {
  return async <T>(principal: Principal, fn: (tx: CatalogTx) => Promise<T>): Promise<T | undefined> => {
    if (!(await access.allows(principal, 'catalog:location:read'))) return undefined;
    return database.tenant(principal.tenantId).read(fn, { isolation: 'repeatable read' });
  };
}

/** The registered location an entity's origin annotation names. */
async function findOriginLocation(tx: CatalogTx, ref: string): Promise<LocationView | undefined> {
  const row = await findEntityByRef(tx, ref);
  if (row === undefined) return undefined;
  const { metadata } = JSON.parse(row.document) as { metadata: { annotations?: Record<string, string> } };
  const origin = metadata.annotations?.[annotations.managedByOriginLocation];
  return origin === undefined ? undefined : findLocationByTarget(tx, parseLocationRef(origin));
}

function found(location: LocationView | undefined, missing: string): string {
  if (location === undefined) throw new NotFoundError(missing);
  const { id, type, target, entityRef } = location;
  return JSON.stringify({ id, type, target, entityRef });
}
