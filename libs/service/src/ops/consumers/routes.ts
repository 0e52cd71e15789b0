import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import type { ConsumerDetail } from '@idp/events';
import { enqueue } from '@idp/jobs';
import { principalOf } from '../../access/guard.ts';
import type { RoutePlugin } from '../../http/types.ts';
import { id } from '../../input/ids.ts';
import { name } from '../../input/text.ts';
import { envelope, pageEnvelope } from '../../reply/envelope.ts';
import { idempotentWrite } from '../../reply/idempotent-write.ts';
import { rebuildAddress } from './rebuild-queue.ts';
import { isOperator, opsOperationId, opsPath, requireOperator, type OpsParts } from '../ops-parts.ts';

const partitionSchema = z.object({
  topic: z.string(),
  partition: z.int(),
  lag: z.int(),
  state: z.enum(['running', 'paused', 'suspect']),
});

const consumerSchema = z.object({
  name: z.string(),
  types: z.array(z.string()),
  topics: z.array(z.string()),
  mode: z.enum(['group', 'instance']),
  ordering: z.string(),
  paused: z.boolean(),
  rebuilding: z.boolean(),
  rebuildable: z.boolean().meta({ description: 'Its state can be made again from snapshots' }),
  parked: z.int(),
  oldestParkedSeconds: z.number(),
  dead: z.int().meta({ description: 'Open dead letters' }),
  lag: z.int().optional().meta({ description: 'Records before it; for the platform tenant' }),
  ageSeconds: z
    .number()
    .optional()
    .meta({ description: 'Age of what was dealt with last while there is more; for the platform tenant' }),
  partitions: z.array(partitionSchema).optional(),
});

const params = z.strictObject({ name: name({ max: 200 }) });
const pausedSchema = z.object({ name: z.string(), paused: z.boolean() });

/** How far the consumers of a service are, and holding them. */
export function consumerRoutes(parts: OpsParts): RoutePlugin {
  const { service, events } = parts;
  const path = opsPath(service, '/consumers');
  const tags = ['operations'];
  return async (app) => {
    app.get(path, {
      config: { permission: `${service}:ops:read` },
      schema: {
        operationId: opsOperationId('list', service, 'Consumers'),
        summary:
          'List consumers with what waits and what is dead: in the own tenant, or in all for the platform tenant',
        tags,
        response: { 200: pageEnvelope(consumerSchema) },
      },
      handler: async (request) => {
        const principal = principalOf(request);
        const details = await events.consumers.list(isOperator(principal) ? undefined : principal.tenantId);
        return { data: details.map(consumerView) };
      },
    });
    // What no consumer could answer to is not offered.
    if (events.consumers.names.length === 0) return;
    for (const [verb, paused] of [
      ['pause', true],
      ['resume', false],
    ] as const) {
      app.post(
        `${path}/:name/${verb}`,
        {
          config: { permission: `${service}:ops:control` },
          schema: {
            operationId: opsOperationId(verb, service, 'Consumer'),
            summary: paused
              ? 'Hold a consumer; it stays so over restarts; for the platform tenant'
              : 'Let a consumer go on; for the platform tenant',
            tags,
            params,
            response: { 200: envelope(pausedSchema) },
          },
        },
        async (request, reply) => setPaused(parts, request, reply, { name: request.params.name, paused }),
      );
    }
    if (events.consumers.rebuildable.length === 0) return;
    app.post(
      `${path}/:name/rebuild`,
      {
        config: { permission: `${service}:ops:control`, errors: ['UNPROCESSABLE'] },
        schema: {
          operationId: opsOperationId('rebuild', service, 'Consumer'),
          summary: 'Clear what a consumer made and make it again from snapshots; for the platform tenant',
          tags,
          params,
          body: z.strictObject({ tenantId: id().optional() }),
          response: { 202: envelope(z.object({ jobId: z.string(), name: z.string() })) },
        },
      },
      async (request, reply) => rebuild(parts, request, reply, { name: request.params.name, ...request.body }),
    );
  };
}

async function setPaused(
  { service, database, events }: OpsParts,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: { name: string; paused: boolean },
): Promise<FastifyReply> {
  const principal = principalOf(request);
  requireOperator(principal);
  if (events.consumers.find(wanted.name) === undefined) throw new NotFoundError('this consumer does not exist');
  return idempotentWrite(request, reply, database, async (tx) => {
    // States of consumers belong to no tenant and have a transaction of their own; setting them twice changes nothing.
    await events.consumers.setPaused(wanted.name, wanted.paused, principal.actor);
    const action = `${service}:ops:${wanted.paused ? 'pause' : 'resume'}`;
    tx.audit({ action, resourceType: 'consumer', resourceId: wanted.name, after: { paused: wanted.paused } });
    return { status: 200, data: wanted };
  });
}

async function rebuild(
  { service, database, events }: OpsParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { name: consumer, tenantId }: { name: string; tenantId?: string | undefined },
): Promise<FastifyReply> {
  const principal = principalOf(request);
  requireOperator(principal);
  events.consumers.requireRebuildable(consumer);
  return idempotentWrite(request, reply, database, async (tx) => {
    const { actor } = principal;
    const wish = { consumer, actor, ...(tenantId !== undefined && { tenantId }) };
    const { id: jobId } = await enqueue(tx as never, rebuildAddress, wish);
    const after = { tenantId: tenantId ?? 'all' };
    tx.audit({ action: `${service}:ops:rebuild`, resourceType: 'consumer', resourceId: consumer, after });
    return { status: 202, data: { jobId, name: consumer } };
  });
}

function consumerView({ progress, ...detail }: ConsumerDetail): z.input<typeof consumerSchema> {
  const { name: consumer, types, topics, mode, ordering, paused, rebuilding, rebuildable } = detail;
  const { parked, oldestParkedSeconds, dead } = detail;
  const described = { name: consumer, types: [...types], topics: [...topics], mode, ordering, paused, rebuilding };
  const counted = { ...described, rebuildable, parked, oldestParkedSeconds, dead };
  if (progress === undefined) return counted;
  const partitions = progress.partitions.map(({ topic, part, lag, state }) => ({ topic, partition: part, lag, state }));
  return { ...counted, lag: progress.lag, ageSeconds: progress.ageSeconds, partitions };
}
