import { z } from 'zod';
import { principalOf } from '../../access/guard.ts';
import type { RoutePlugin } from '../../http/types.ts';
import { id } from '../../input/ids.ts';
import { name } from '../../input/text.ts';
import { envelope } from '../../reply/envelope.ts';
import { idempotentWrite } from '../../reply/idempotent-write.ts';
import { isOperator, opsOperationId, opsPath, type OpsParts } from '../ops-parts.ts';

const params = z.strictObject({ id: id() });
const retryMany = z.strictObject({
  queue: name({ max: 63 }),
  errorCode: name({ max: 100 }).optional(),
  limit: z.int().min(1).max(10_000).meta({ description: 'How many at most, the oldest first' }),
  dryRun: z.boolean(),
});
const retriedSchema = z.object({
  matched: z.int().meta({ description: 'Dead jobs the filter means' }),
  retried: z.int().meta({ description: 'Of these, jobs that run again; 0 for a dry run' }),
});

/** Running dead jobs again, ending others, and deleting what is dead. */
export function jobWriteRoutes({ service, database, jobs }: OpsParts): RoutePlugin {
  const path = opsPath(service, '/jobs');
  const tags = ['operations'];
  const resourceType = 'job';
  return async (app) => {
    app.post(
      `${path}/:id/retry`,
      {
        config: { permission: `${service}:ops:redrive`, errors: ['INVALID_STATE', 'CONFLICT'] },
        schema: {
          operationId: opsOperationId('retry', service, 'Job'),
          summary: 'Make a dead job ready, with all its tries',
          tags,
          params,
          response: { 200: envelope(z.object({ id: z.string(), outcome: z.literal('retried') })) },
        },
      },
      async (request, reply) =>
        idempotentWrite(request, reply, database, async (tx) => {
          const { id: jobId } = request.params;
          await jobs.operations.retry(tx, jobId);
          tx.audit({ action: `${service}:ops:retry`, resourceType, resourceId: jobId });
          return { status: 200, data: { id: jobId, outcome: 'retried' } };
        }),
    );
    app.post(
      `${path}/:id/cancel`,
      {
        config: { permission: `${service}:ops:discard`, errors: ['INVALID_STATE'] },
        schema: {
          operationId: opsOperationId('cancel', service, 'Job'),
          summary: 'Take a job out of its queue; one that runs is told to end',
          tags,
          params,
          response: { 200: envelope(z.object({ id: z.string(), outcome: z.enum(['cancelled', 'requested']) })) },
        },
      },
      async (request, reply) =>
        idempotentWrite(request, reply, database, async (tx) => {
          const { id: jobId } = request.params;
          const outcome = await jobs.operations.cancel(tx, jobId);
          tx.audit({ action: `${service}:ops:cancel`, resourceType, resourceId: jobId, after: { outcome } });
          return { status: 200, data: { id: jobId, outcome } };
        }),
    );
    app.delete(
      `${path}/:id`,
      {
        config: { permission: `${service}:ops:discard`, errors: ['INVALID_STATE'] },
        schema: {
          operationId: opsOperationId('discard', service, 'Job'),
          summary: 'Delete a dead job',
          tags,
          params,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const { id: jobId } = request.params;
        await database.tenant(principalOf(request).tenantId).write(
          async (tx) => {
            await jobs.operations.discard(tx, jobId);
            tx.audit({ action: `${service}:ops:discard`, resourceType, resourceId: jobId });
          },
          { signal: request.operation.signal },
        );
        return reply.code(204).send(null);
      },
    );
    app.post(
      `${path}/retry`,
      {
        config: { permission: `${service}:ops:redrive` },
        schema: {
          operationId: opsOperationId('retry', service, 'Jobs'),
          summary: 'Make dead jobs of a queue ready: of the own tenant, or of all for the platform tenant',
          tags,
          body: retryMany,
          response: { 200: envelope(retriedSchema) },
        },
      },
      async (request, reply) => {
        const principal = principalOf(request);
        const { queue, errorCode, limit, dryRun } = request.body;
        const tenantId = isOperator(principal) ? undefined : principal.tenantId;
        const filter = { queue, errorCode, tenantId };
        return idempotentWrite(request, reply, database, async (tx) => {
          const matched = await jobs.operations.count(filter);
          const retried = dryRun ? 0 : await jobs.operations.retryMany(filter, limit);
          const after = { queue, ...(errorCode !== undefined && { errorCode }), limit, dryRun, matched, retried };
          const resourceId = tenantId ?? 'all tenants';
          tx.audit({ action: `${service}:ops:retry-many`, resourceType, resourceId, after });
          return { status: 200, data: { matched, retried } };
        });
      },
    );
  };
}
