import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import { principalOf } from '../../access/guard.ts';
import type { RoutePlugin } from '../../http/types.ts';
import { id } from '../../input/ids.ts';
import { listQuery } from '../../input/list-query.ts';
import { name } from '../../input/text.ts';
import { envelope, pageEnvelope } from '../../reply/envelope.ts';
import { opsOperationId, opsPath, type OpsParts } from '../ops-parts.ts';
import { jobDetailSchema, jobSchema, jobState, jobView } from './schemas.ts';

/** Looking at jobs. */
export function jobReadRoutes({ service, database, jobs }: OpsParts): RoutePlugin {
  const path = opsPath(service, '/jobs');
  const tags = ['operations'];
  return async (app) => {
    app.get(path, {
      config: { permission: `${service}:ops:read`, errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: opsOperationId('list', service, 'Jobs'),
        summary: 'List jobs of the own tenant that are not done, the newest first',
        tags,
        querystring: z.strictObject({
          queue: name({ max: 63 }).optional(),
          state: jobState.optional(),
          ...listQuery,
        }),
        response: { 200: pageEnvelope(jobSchema) },
      },
      handler: async (request) => {
        const { tenantId, actor } = principalOf(request);
        const { limit: size, cursor, queue, state } = request.query;
        const binding = { principal: actor, route: 'ops.jobs', filter: [queue, state] };
        const page = await database
          .tenant(tenantId)
          .read((tx) => jobs.operations.list(tx, { queue, state }, { limit: size, cursor, binding }), {
            signal: request.signal,
          });
        const { nextCursor } = page;
        return {
          data: page.data.map(jobView),
          meta: { limit: size, ...(nextCursor === undefined ? {} : { nextCursor }) },
        };
      },
    });
    app.get(`${path}/:id`, {
      config: { permission: `${service}:ops:inspect` },
      schema: {
        operationId: opsOperationId('get', service, 'Job'),
        summary: 'Get a job with its payload',
        tags,
        params: z.strictObject({ id: id() }),
        response: { 200: envelope(jobDetailSchema) },
      },
      handler: async (request) => {
        const { tenantId } = principalOf(request);
        const row = await database
          .tenant(tenantId)
          .read((tx) => jobs.operations.find(tx, request.params.id), { signal: request.signal });
        if (row === undefined) throw new NotFoundError('This job does not exist.');
        return { data: { ...jobView(row), payload: row.payload as z.core.util.JSONType } };
      },
    });
  };
}
