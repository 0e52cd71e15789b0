import { z } from 'zod';
import { platformTenantId } from '@idp/contracts';
import { enqueue } from '@idp/jobs';
import { principalOf } from '../../access/guard.ts';
import type { RoutePlugin } from '../../http/types.ts';
import { envelope } from '../../reply/envelope.ts';
import { idempotentWrite } from '../../reply/idempotent-write.ts';
import { isOperator, opsOperationId, opsPath, type OpsParts } from '../ops-parts.ts';
import { redriveAddress } from './redrive-queue.ts';
import { deadLetterFilter } from './schemas.ts';

const bulkRedrive = z.strictObject({
  filter: z.strictObject(deadLetterFilter),
  ratePerSecond: z.number().min(0.1).max(500),
  limit: z.int().min(1).max(1_000_000).optional(),
  dryRun: z.boolean(),
});

const startedSchema = z.object({
  jobId: z.string().nullable().meta({ description: 'Job that does it; null for a dry run' }),
  matched: z.int().meta({ description: 'Open dead letters the filter means now' }),
});

/** Redriving what matches a filter, as a job. */
export function bulkRedriveRoutes({ service, database, events }: OpsParts): RoutePlugin {
  return async (app) => {
    app.post(
      opsPath(service, '/dead-letters/redrive'),
      {
        config: { permission: `${service}:ops:redrive` },
        schema: {
          operationId: opsOperationId('redrive', service, 'DeadLetters'),
          summary: 'Redrive the open dead letters that match: of the own tenant, or of all for the platform tenant',
          tags: ['operations'],
          body: bulkRedrive,
          response: { 202: envelope(startedSchema) },
        },
      },
      async (request, reply) => {
        const principal = principalOf(request);
        const { filter, ratePerSecond, limit, dryRun } = request.body;
        // Nobody may find out by counting whether a key of another tenant exists.
        const everyTenant = isOperator(principal) && filter.key === undefined;
        const tenantId = everyTenant ? undefined : principal.tenantId;
        const { matched, at } = await events.deadLetters.count({ filter, tenantId });
        return idempotentWrite(request, reply, database, async (tx) => {
          const wish = { filter, ratePerSecond, ...(limit !== undefined && { limit }), dryRun, matched };
          const action = `${service}:ops:redrive-many`;
          const resourceId = principal.tenantId === platformTenantId ? 'all tenants' : principal.tenantId;
          tx.audit({ action, resourceType: 'dead-letter', resourceId, after: wish });
          if (dryRun) return { status: 202, data: { jobId: null, matched } };
          const { id } = await enqueue(tx as never, redriveAddress, {
            filter,
            ...(tenantId !== undefined && { tenantId }),
            ratePerSecond,
            ...(limit !== undefined && { left: limit }),
            triedBefore: at,
            actor: principal.actor,
            applied: 0,
            failed: 0,
          });
          return { status: 202, data: { jobId: id, matched } };
        });
      },
    );
  };
}
