import { z } from 'zod';
import { NotFoundError, ValidationError } from '@idp/errors';
import { backstageErrorSchema, idempotentWrite, principalOf, type RoutePlugin } from '@idp/service';
import type { CatalogContext } from '../context.ts';
import { formatLocationRef } from '../domain/model/location-ref.ts';
import { checkLocation, requireWritable } from '../operations/check-location.ts';
import { deleteLocation } from '../operations/delete-location.ts';
import { previewLocation } from '../operations/preview-location.ts';
import { registerLocation } from '../operations/register-location.ts';
import { updateLocation } from '../operations/update-location.ts';
import type { LocationRow } from '../store/locations.ts';
import { sendEmpty } from './json-reply.ts';
import { emptySchema, entitySchema, locationSchema } from './schemas.ts';

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const path = z.strictObject({ id: z.string().max(600) });
const target = { type: z.string().min(1).max(63), target: z.string().min(1).max(2048) };

/** Registering, moving and removing locations. */
export function locationWriteRoutes(context: CatalogContext): RoutePlugin {
  return async (app) => {
    registerCreate(app, context);
    app.put('/locations/:id', {
      config: { permission: 'catalog:location:update', envelope: false },
      schema: {
        operationId: 'updateLocation',
        summary: 'Point a registered location elsewhere; its id and entity ref stay',
        params: path,
        body: z.strictObject(target),
        response: { 200: locationSchema, default: backstageErrorSchema },
      },
      handler: async (request) => {
        const { tenantId, actor } = principalOf(request);
        const { signal } = request.operation;
        const id = locationId(request.params.id);
        const location = await checkLocation(context, { tenantId, location: request.body, signal });
        const change = { id, location, actor };
        const row = await context.database
          .tenant(tenantId)
          .write((tx) => updateLocation(tx, context, change), { signal });
        return locationView(row);
      },
    });
    app.delete('/locations/:id', {
      config: { permission: 'catalog:location:delete', envelope: false },
      schema: {
        operationId: 'deleteLocation',
        summary: 'Remove a registered location and what only it described',
        params: path,
        response: { 204: emptySchema, default: backstageErrorSchema },
      },
      handler: async (request, reply) => {
        const { tenantId, actor } = principalOf(request);
        const { signal } = request.operation;
        const id = locationId(request.params.id);
        requireWritable(context);
        await context.database.tenant(tenantId).write((tx) => deleteLocation(tx, context, { id, actor }), { signal });
        return sendEmpty(reply, 204);
      },
    });
  };
}

function registerCreate(app: Parameters<RoutePlugin>[0], context: CatalogContext): void {
  app.post('/locations', {
    config: { permission: 'catalog:location:create', envelope: false },
    schema: {
      operationId: 'createLocation',
      summary: 'Register a location; with dryRun only show what it holds',
      querystring: z.strictObject({
        dryRun: z.string().optional(),
        onConflict: z.enum(['refresh', 'reject']).default('reject'),
      }),
      body: z.strictObject({ ...target, presence: z.enum(['required', 'optional']).optional() }),
      response: {
        201: z.object({
          location: locationSchema.extend({ entityRef: z.string().optional() }),
          entities: z.array(entitySchema),
          exists: z.boolean().optional(),
        }),
        default: backstageErrorSchema,
      },
    },
    handler: async (request, reply) => {
      const { tenantId, actor } = principalOf(request);
      const { signal } = request.operation;
      const { presence = 'required', ...asked } = request.body;
      const dryRun = isYes(request.query.dryRun);
      const location = await checkLocation(context, { tenantId, location: asked, signal });
      if (dryRun) {
        const preview = await previewLocation(context, { tenantId, location, signal });
        const entities = preview.entities.map((entity) => ({ ...entity }));
        return reply
          .code(201)
          .send({ location: { ...location, id: formatLocationRef(location) }, entities, exists: preview.exists });
      }
      const { onConflict } = request.query;
      await idempotentWrite(request, reply, context.database, async (tx) => {
        const registered = await registerLocation(tx, context, { location, presence, onConflict, actor });
        const known = registered.entity === undefined ? { exists: true } : {};
        return { status: 201, data: { location: locationView(registered.location), entities: [], ...known } };
      });
      return reply;
    },
  });
}

/** Backstage takes several ways to say yes. */
function isYes(text: string | undefined): boolean {
  if (text === undefined || /^(?:false|0|no|n|off|)$/i.test(text)) return false;
  if (/^(?:true|1|yes|y|on)$/i.test(text)) return true;
  throw new ValidationError('Invalid dryRun, must be true or false');
}

function locationId(id: string): string {
  if (!canonicalUuid.test(id)) throw new NotFoundError(`Found no location with ID ${id}`);
  return id.toLowerCase();
}

function locationView({ id, type, target, entityRef }: LocationRow) {
  return { id, type, target, entityRef };
}
