import { z } from 'zod';
import { ValidationError } from '@idp/errors';
import { etag, ifMatch } from '@idp/database';
import { envelope, id, idempotentWrite, name, principalOf, text, type RoutePlugin } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import type { CatalogContext } from '../context.ts';
import { everything } from '../domain/query/tree.ts';
import { registerService, type JudgePlace } from '../operations/register-service.ts';
import { updateService, type ServiceChange } from '../operations/update-service.ts';
import { findEntityResource } from '../store/query/entity-rights.ts';
import { entityRights } from './entity-rights.ts';
import { readService } from './services.ts';
import { serviceSchema } from './service-view.ts';

const members = {
  description: text({ max: 10_000 }),
  repositoryUrl: z.url({ protocol: /^https?$/ }).max(2048),
  type: name({ max: 63 }),
  lifecycle: name({ max: 63 }),
  system: name({ max: 300 }),
  tags: z.array(z.string().max(63)).max(100),
};
const owner = { ownerRef: name({ max: 300 }).optional(), ownerTeamId: id().optional() };

const newService = z
  .strictObject({
    name: name({ max: 63 }),
    namespace: name({ max: 63 }).optional(),
    ...owner,
    ...members,
  })
  .partial({ description: true, repositoryUrl: true, type: true, lifecycle: true, system: true, tags: true });

/** PUT states everything a caller may say of a service; what is left out takes its default. */
const replacement = newService.omit({ name: true, namespace: true });

const change = z.strictObject({
  ...owner,
  description: members.description.nullable().optional(),
  repositoryUrl: members.repositoryUrl.nullable().optional(),
  type: members.type.optional(),
  lifecycle: members.lifecycle.optional(),
  system: members.system.nullable().optional(),
  tags: members.tags.optional(),
});

const path = z.strictObject({ id: id() });
const updateErrors = ['PRECONDITION_FAILED', 'ENTITY_MANAGED_ELSEWHERE', 'REFERENCE_INVALID'];

/** Registering and changing services. */
export function serviceWriteRoutes(context: CatalogContext): RoutePlugin {
  return async (app) => {
    registerCreate(app, context);
    app.put('/api/v1/services/:id', {
      config: { permission: 'catalog:service:update', part: true, errors: updateErrors },
      schema: {
        operationId: 'replaceService',
        summary: 'Replace what is said of a service; honours If-Match',
        tags: ['services'],
        params: path,
        body: replacement,
        response: { 200: envelope(serviceSchema) },
      },
      handler: async (request, reply) => {
        const { service, revision } = await update(context, request, request.params.id, completed(request.body));
        reply.header('etag', etag(revision));
        return { data: service };
      },
    });
    app.patch('/api/v1/services/:id', {
      config: { permission: 'catalog:service:update', part: true, errors: updateErrors },
      schema: {
        operationId: 'updateService',
        summary: 'Change members of a service; null takes an optional one away; honours If-Match',
        tags: ['services'],
        params: path,
        body: change,
        response: { 200: envelope(serviceSchema) },
      },
      handler: async (request, reply) => {
        const { service, revision } = await update(context, request, request.params.id, request.body);
        reply.header('etag', etag(revision));
        return { data: service };
      },
    });
  };
}

function registerCreate(app: Parameters<RoutePlugin>[0], context: CatalogContext): void {
  app.post('/api/v1/services', {
    config: { permission: 'catalog:service:create', part: true, errors: ['SERVICE_EXISTS', 'REFERENCE_INVALID'] },
    schema: {
      operationId: 'registerService',
      summary: 'Register a service with exactly one owner',
      tags: ['services'],
      body: newService,
      response: { 201: envelope(serviceSchema) },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { actor } = principal;
      requireOneOwner(request.body);
      const rights = await context.access.rights(principal, 'catalog:service:create');
      const judgePlace: JudgePlace = (place) => rights.require({ type: 'service', ...place });
      await idempotentWrite(request, reply, context.database, async (tx) => {
        const { uid, revision } = await registerService(tx, context, { service: request.body, actor, judgePlace });
        const { service } = await readService(tx, uid, everything);
        return { status: 201, data: service, headers: { etag: etag(revision), location: `/api/v1/services/${uid}` } };
      });
      return reply;
    },
  });
}

async function update(context: CatalogContext, request: FastifyRequest, serviceId: string, asked: ServiceChange) {
  const principal = principalOf(request);
  const { tenantId, actor } = principal;
  const requireEntity = await entityRights(context.access, principal, {
    permission: 'catalog:service:update',
    missing: 'the service does not exist',
  });
  const acts = await context.access.rights(principal, 'catalog:service:update');
  const isGiven = asked.ownerRef !== undefined || asked.ownerTeamId !== undefined;
  const match = request.headers['if-match'];
  const precondition = (revision: number | undefined): void => ifMatch(match, revision ?? 0);
  const input = { id: serviceId, change: asked, actor, precondition };
  return context.database.tenant(tenantId).write(
    async (tx) => {
      await requireEntity(tx, { uid: serviceId });
      const { uid } = await updateService(tx, context, input);
      // Nobody gives it to a team where they could not have changed it.
      if (isGiven) acts.require(await findEntityResource(tx, { uid }));
      return readService(tx, uid, everything);
    },
    { signal: request.operation.signal },
  );
}

function completed(body: z.output<typeof replacement>): ServiceChange {
  requireOneOwner(body);
  const { description = null, repositoryUrl = null, system = null, tags = [] } = body;
  const { type = 'service', lifecycle = 'unknown' } = body;
  return { ...body, description, repositoryUrl, system, tags, type, lifecycle };
}

function requireOneOwner({
  ownerRef,
  ownerTeamId,
}: {
  ownerRef?: string | undefined;
  ownerTeamId?: string | undefined;
}) {
  if ((ownerRef === undefined) !== (ownerTeamId === undefined)) return;
  const message = 'exactly one of ownerRef and ownerTeamId is required';
  throw new ValidationError(message, { issues: [{ path: 'body.ownerRef', message }] });
}
