import { z } from 'zod';
import { principalOf } from '../access/guard.ts';
import type { RoutePlugin } from '../http/types.ts';
import { envelope } from '../reply/envelope.ts';
import { opsOperationId, opsPath, requireOperator, type OpsParts } from './ops-parts.ts';

const outboxSchema = z.object({
  shards: z.array(z.object({ shard: z.int(), pending: z.int(), oldestAgeSeconds: z.number() })),
  heldTopics: z
    .array(z.object({ topic: z.string(), failures: z.int(), nextTryMs: z.number() }))
    .meta({ description: 'Topics that could not be published to, as this process knows them' }),
  refused: z.array(z.object({ topic: z.string(), reason: z.string(), events: z.int(), lastRefusedAt: z.string() })),
});

/** What has not been published. It concerns all tenants. */
export function outboxRoutes({ service, events }: OpsParts): RoutePlugin {
  return async (app) => {
    app.get(opsPath(service, '/outbox'), {
      config: { permission: `${service}:ops:read` },
      schema: {
        operationId: opsOperationId('get', service, 'Outbox'),
        summary: 'What has not been published yet, and what never will be; for the platform tenant',
        tags: ['operations'],
        response: { 200: envelope(outboxSchema) },
      },
      handler: async (request) => {
        requireOperator(principalOf(request));
        const { shards, held, refused } = await events.outbox();
        return { data: { shards, heldTopics: held, refused } };
      },
    });
  };
}
