import { z } from 'zod';
import { UnprocessableError } from '@idp/errors';
import type { RoutePlugin } from '../../http/types.ts';
import { name } from '../../input/text.ts';
import { envelope } from '../../reply/envelope.ts';
import { idempotentWrite } from '../../reply/idempotent-write.ts';
import { opsOperationId, opsPath, type OpsParts } from '../ops-parts.ts';
import { enqueueSnapshots } from './snapshot-queue.ts';

const idsMax = 1_000;

/** Emitting state again, for readers that lost it. */
export function snapshotRoutes({ service, database, snapshots }: OpsParts): RoutePlugin {
  return async (app) => {
    app.post(
      opsPath(service, '/snapshots'),
      {
        config: { permission: `${service}:ops:control`, errors: ['UNPROCESSABLE'] },
        schema: {
          operationId: opsOperationId('emit', service, 'Snapshots'),
          summary: 'Emit the current state of aggregates again: of the own tenant, or of all for the platform tenant',
          tags: ['operations'],
          body: z.strictObject({
            topic: name({ max: 200 }),
            aggregateIds: z
              .array(name({ max: 300 }))
              .max(idsMax)
              .optional(),
          }),
          response: { 202: envelope(z.object({ jobId: z.string(), topic: z.string() })) },
        },
      },
      async (request, reply) => {
        const { topic, aggregateIds = [] } = request.body;
        if (!Object.hasOwn(snapshots, topic)) {
          throw new UnprocessableError('this service has no state of such a topic');
        }
        return idempotentWrite(request, reply, database, async (tx) => {
          const jobId = await enqueueSnapshots(tx as never, { topic, aggregateIds });
          const after = { aggregates: aggregateIds.length === 0 ? 'all' : aggregateIds.length };
          tx.audit({ action: `${service}:ops:snapshot`, resourceType: 'topic', resourceId: topic, after });
          return { status: 202, data: { jobId, topic } };
        });
      },
    );
  };
}
