import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import { principalOf } from '../access/guard.ts';
import type { RoutePlugin } from '../http/types.ts';
import { listQuery } from '../input/list-query.ts';
import { name } from '../input/text.ts';
import { envelope, pageEnvelope } from '../reply/envelope.ts';
import { idempotentWrite } from '../reply/idempotent-write.ts';
import { opsOperationId, opsPath, type OpsParts } from './ops-parts.ts';

const parkedSchema = z.object({
  consumer: z.string(),
  key: z.string(),
  eventId: z.string(),
  sequence: z.int().nullable().meta({ description: 'Version of the aggregate' }),
  topic: z.string(),
  attempts: z.int(),
  nextAt: z
    .string()
    .nullable()
    .meta({ description: 'Next try; null while an earlier event of its key stands before it' }),
  code: z.string().meta({ description: 'Why it waits' }),
  message: z.string(),
  firstFailedAt: z.string(),
});

const place = { consumer: name({ max: 200 }), key: name({ max: 600 }) };

/** Events that wait for another try. */
export function parkedEventRoutes({ service, database, events }: OpsParts): RoutePlugin {
  const path = opsPath(service, '/parked-events');
  const tags = ['operations'];
  return async (app) => {
    app.get(path, {
      config: { permission: `${service}:ops:read`, errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: opsOperationId('list', service, 'ParkedEvents'),
        summary: 'List waiting events of the own tenant, the oldest first',
        tags,
        querystring: z.strictObject({ consumer: place.consumer.optional(), key: place.key.optional(), ...listQuery }),
        response: { 200: pageEnvelope(parkedSchema) },
      },
      handler: async (request) => {
        const { tenantId, actor } = principalOf(request);
        const { limit: size, cursor, consumer, key } = request.query;
        const filter = { consumer, key };
        const binding = { principal: actor, route: 'ops.parked-events', filter };
        const page = await database
          .tenant(tenantId)
          .read((tx) => events.parkedEvents.list(tx as never, filter, { limit: size, cursor, binding }), {
            signal: request.signal,
          });
        const data = page.data.map((row) => ({
          consumer: row.consumer,
          key: row.key,
          eventId: row.event_id,
          sequence: row.sequence,
          topic: row.topic,
          attempts: row.attempts,
          nextAt: row.next_at === 'infinity' ? null : row.next_at,
          code: row.last_code,
          message: row.last_error,
          firstFailedAt: row.first_failed_at,
        }));
        const next = page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor };
        return { data, meta: { limit: size, ...next } };
      },
    });
    app.post(
      `${path}/retry`,
      {
        config: { permission: `${service}:ops:redrive` },
        schema: {
          operationId: opsOperationId('retry', service, 'ParkedEvents'),
          summary: 'Make the first waiting event of a key due now',
          tags,
          body: z.strictObject(place),
          response: { 202: envelope(z.object(place)) },
        },
      },
      async (request, reply) =>
        idempotentWrite(request, reply, database, async (tx) => {
          const { consumer, key } = request.body;
          if (!(await events.parkedEvents.retry(tx as never, { consumer, key }))) {
            throw new NotFoundError('nothing waits under this key');
          }
          tx.audit({
            action: `${service}:ops:retry`,
            resourceType: 'parked-event',
            resourceId: key,
            after: { consumer },
          });
          return { status: 202, data: { consumer, key } };
        }),
    );
  };
}
