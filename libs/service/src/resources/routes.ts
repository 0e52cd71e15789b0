import { PermissionError } from '@idp/errors';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { principalOf } from '../access/guard.ts';
import type { RoutePlugin } from '../http/types.ts';
import { id } from '../input/ids.ts';
import { envelope } from '../reply/envelope.ts';
import { refsMax, teamsMax, type ResourceSource } from './resource-source.ts';

const about = { tenantId: id(), type: z.string().max(100) };
const scope = z.object({
  projectId: z.string().optional(),
  teamId: z.string().optional(),
  organizationId: z.string().optional(),
});

/** A resource as it travels. */
export const resourceOnWire = z.object({
  type: z.string(),
  id: z.string().optional(),
  tenantId: z.string().optional(),
  scope: scope.optional(),
  attributes: z.record(z.string(), z.unknown()).optional(),
});
export const ownersOnWire = z.object({ owners: z.array(z.string()) });

const config = { access: 'service', internal: true, idempotency: 'none' } as const;

/** Where auth asks what it decides about is, and where it lies; no gateway leads here. */
export function resourceRoutes(source: ResourceSource): RoutePlugin {
  return async (app) => {
    app.post(
      '/internal/v1/authz/resources',
      {
        config: { ...config, json: { items: refsMax } },
        schema: {
          hide: true,
          body: z.strictObject({ ...about, refs: z.array(z.string().max(2048)).max(refsMax) }),
          response: { 200: envelope(z.object({ resources: z.array(resourceOnWire.nullable()) })) },
        },
      },
      async (request) => {
        requireAuth(request);
        const { signal } = request.operation;
        const resources = await source.describe({ ...request.body, signal });
        return { data: { resources: resources.map((resource) => (resource as Wire | undefined) ?? null) } };
      },
    );
    app.post(
      '/internal/v1/authz/owners',
      {
        config: { ...config, json: { items: teamsMax } },
        schema: {
          hide: true,
          body: z.strictObject({ ...about, teamIds: z.array(id()).max(teamsMax) }),
          response: { 200: envelope(ownersOnWire) },
        },
      },
      async (request) => {
        requireAuth(request);
        const { signal } = request.operation;
        const owners = await source.owners({ ...request.body, signal });
        return { data: { owners: [...owners] } };
      },
    );
  };
}

type Wire = z.input<typeof resourceOnWire>;

/** Of every tenant, to the one service that decides. */
function requireAuth(request: FastifyRequest): void {
  if (principalOf(request).id !== 'service:auth') throw new PermissionError('resources are described to auth alone');
}
