import { z } from 'zod';
import type { RoutePlugin } from '@idp/service';
import type { CatalogContext } from '../context.ts';
import { processEntity } from '../domain/ingestion/process-entity.ts';
import { isJsonObject, type Json } from '../domain/model/entity.ts';
import { parseLocationRef, type LocationRef } from '../domain/model/location-ref.ts';
import { ModelError } from '../domain/model/model-error.ts';
import { sendEmpty } from './json-reply.ts';
import { emptySchema } from './schemas.ts';

const errorsSchema = z.object({ errors: z.array(z.looseObject({ name: z.string(), message: z.string() })) });

/** POST `/validate-entity`: whether a document would be accepted from a location; stores nothing. */
export function validateEntityRoutes(context: CatalogContext): RoutePlugin {
  return async (app) => {
    app.post('/validate-entity', {
      config: {
        permission: 'catalog:entity:validate',
        envelope: false,
        idempotency: 'none',
        json: { stringBytes: 262_144 },
      },
      schema: {
        operationId: 'validateEntity',
        summary: 'Check an entity',
        // Every fault is answered in the form below, so the body is checked by hand.
        body: z.unknown(),
        response: { 200: emptySchema, 400: errorsSchema, default: z.looseObject({}) },
      },
      handler: async (request, reply) => {
        const problem = findProblem(context, request.body);
        if (problem !== undefined) return reply.code(400).send({ errors: [problem] });
        return sendEmpty(reply, 200);
      },
    });
  };
}

function findProblem({ validator }: CatalogContext, body: unknown): { name: string; message: string } | undefined {
  try {
    const { entity, location } = readBody(body);
    processEntity(entity, { validator, location, origin: location });
    return undefined;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { name: 'InputError', message: error.message };
  }
}

function readBody(body: unknown): { entity: Json; location: LocationRef } {
  if (!isJsonObject(body)) throw new ModelError('request', 'Malformed request: expected { entity, location }');
  const { entity, location, ...unknown } = body;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw new ModelError('request', `Malformed request: unknown member ${stranger}`);
  if (typeof location !== 'string') throw new ModelError('request', 'Malformed request: location must be a string');
  const parsed = parseLocationRef(location);
  if (parsed.type !== 'url') {
    throw new ModelError(
      'location-ref',
      `Invalid location ref ${location}, only 'url:<target>' is supported, e.g. url:https://host/path`,
    );
  }
  return { entity: entity ?? null, location: parsed };
}
