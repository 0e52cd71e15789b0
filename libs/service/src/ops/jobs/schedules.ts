import { z } from 'zod';
import { principalOf } from '../../access/guard.ts';
import type { RoutePlugin } from '../../http/types.ts';
import { name } from '../../input/text.ts';
import { envelope, pageEnvelope } from '../../reply/envelope.ts';
import { idempotentWrite } from '../../reply/idempotent-write.ts';
import { isOperator, opsOperationId, opsPath, type OpsParts } from '../ops-parts.ts';
import { scheduleSchema, scheduleView } from './schemas.ts';

const params = z.strictObject({ name: name({ max: 63 }) });

/** Schedules: of the own tenant, or all of them for the platform tenant. */
export function scheduleRoutes({ service, database, jobs }: OpsParts): RoutePlugin {
  const path = opsPath(service, '/schedules');
  const tags = ['operations'];
  const permission = `${service}:ops:control`;
  return async (app) => {
    app.get(path, {
      config: { permission: `${service}:ops:read` },
      schema: {
        operationId: opsOperationId('list', service, 'Schedules'),
        summary: 'List schedules with their next time',
        tags,
        response: { 200: pageEnvelope(scheduleSchema) },
      },
      handler: async (request) => {
        const principal = principalOf(request);
        const rows = await jobs.operations.schedules(isOperator(principal) ? undefined : principal.tenantId);
        return { data: rows.map(scheduleView) };
      },
    });
    app.post(
      `${path}/:name/run`,
      {
        config: { permission },
        schema: {
          operationId: opsOperationId('run', service, 'Schedule'),
          summary: 'Make the jobs of a schedule now, beside its times',
          tags,
          params,
          response: { 202: envelope(z.object({ name: z.string(), jobs: z.int() })) },
        },
      },
      async (request, reply) => {
        const principal = principalOf(request);
        const tenantId = isOperator(principal) ? undefined : principal.tenantId;
        const { name: schedule } = request.params;
        return idempotentWrite(request, reply, database, async (tx) => {
          const made = await jobs.operations.runNow(schedule, tenantId);
          const action = `${service}:ops:run-schedule`;
          tx.audit({ action, resourceType: 'schedule', resourceId: schedule, after: { jobs: made } });
          return { status: 202, data: { name: schedule, jobs: made } };
        });
      },
    );
    for (const [verb, paused] of [
      ['pause', true],
      ['resume', false],
    ] as const) {
      app.post(
        `${path}/:name/${verb}`,
        {
          config: { permission },
          schema: {
            operationId: opsOperationId(verb, service, 'Schedule'),
            summary: paused ? 'Hold a schedule; it stays so over restarts' : 'Let a schedule go on with its next time',
            tags,
            params,
            response: { 200: envelope(z.object({ name: z.string(), paused: z.boolean() })) },
          },
        },
        async (request, reply) => {
          const principal = principalOf(request);
          const tenantId = isOperator(principal) ? undefined : principal.tenantId;
          const { name: schedule } = request.params;
          return idempotentWrite(request, reply, database, async (tx) => {
            await jobs.operations.setPaused(schedule, tenantId, paused);
            const action = `${service}:ops:${verb}-schedule`;
            tx.audit({ action, resourceType: 'schedule', resourceId: schedule, after: { paused } });
            return { status: 200, data: { name: schedule, paused } };
          });
        },
      );
    }
  };
}
