import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RedriveFailure } from '@idp/events';
import { principalOf } from '../../access/guard.ts';
import type { RoutePlugin } from '../../http/types.ts';
import { id } from '../../input/ids.ts';
import { text } from '../../input/text.ts';
import { envelope } from '../../reply/envelope.ts';
import { idempotentWrite } from '../../reply/idempotent-write.ts';
import { opsOperationId, opsPath, type OpsParts } from '../ops-parts.ts';
import { deadLetterSchema } from './schemas.ts';

const outcomeSchema = z.object({
  outcome: z.enum(['applied', 'failed']),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

const params = z.strictObject({ id: id() });

/** Running dead letters again, and closing them without their effect. */
export function deadLetterWriteRoutes(parts: OpsParts): RoutePlugin {
  const { service, database, events } = parts;
  const path = opsPath(service, '/dead-letters');
  const tags = ['operations'];
  return async (app) => {
    app.post(
      `${path}/:id/redrive`,
      {
        config: { permission: `${service}:ops:redrive`, errors: ['INVALID_STATE'] },
        schema: {
          operationId: opsOperationId('redrive', service, 'DeadLetter'),
          summary: 'Run the handler of a dead letter now; it is closed when that works',
          tags,
          params,
          response: { 200: envelope(outcomeSchema) },
        },
      },
      async (request, reply) => redrive(parts, request, reply, request.params.id),
    );
    app.post(
      `${path}/:id/discard`,
      {
        config: { permission: `${service}:ops:discard`, errors: ['INVALID_STATE', 'CONFLICT'] },
        schema: {
          operationId: opsOperationId('discard', service, 'DeadLetter'),
          summary: 'Close a dead letter without its effect; the later events of its key go on',
          tags,
          params,
          body: z.strictObject({ reason: text({ min: 1, max: 500 }) }),
          response: { 200: envelope(deadLetterSchema.pick({ id: true, status: true, reason: true })) },
        },
      },
      async (request, reply) => {
        const { actor } = principalOf(request);
        const { reason } = request.body;
        return idempotentWrite(request, reply, database, async (tx) => {
          await events.deadLetters.discard(tx as never, request.params.id, { actor, reason });
          return { status: 200, data: { id: request.params.id, status: 'discarded', reason } };
        });
      },
    );
  };
}

/** One transaction where it works; where it fails nothing of it stays and a second one tells the letter why. */
async function redrive(
  { database, events }: OpsParts,
  request: FastifyRequest,
  reply: FastifyReply,
  letterId: string,
): Promise<FastifyReply> {
  const { actor } = principalOf(request);
  const { signal } = request.operation;
  try {
    return await idempotentWrite(request, reply, database, async (tx) => {
      await events.deadLetters.redrive(tx as never, letterId, { actor, signal });
      return { status: 200, data: { outcome: 'applied' } };
    });
  } catch (error) {
    if (!(error instanceof RedriveFailure)) throw error;
    return idempotentWrite(request, reply, database, async (tx) => {
      await events.deadLetters.recordFailure(tx as never, letterId, error, { actor });
      const { code, message } = error;
      return { status: 200, data: { outcome: 'failed', error: { code, message } } };
    });
  }
}
