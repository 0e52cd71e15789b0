import { z } from 'zod';
import { NotFoundError } from '@idp/errors';
import { readPayload } from '@idp/events';
import { principalOf } from '../../access/guard.ts';
import type { RoutePlugin } from '../../http/types.ts';
import { id } from '../../input/ids.ts';
import { limit, listQuery } from '../../input/list-query.ts';
import { envelope, pageEnvelope } from '../../reply/envelope.ts';
import { isOperator, opsOperationId, opsPath, type OpsParts } from '../ops-parts.ts';
import {
  deadLetterDetailSchema,
  deadLetterFilter,
  deadLetterGroupSchema,
  deadLetterSchema,
  detailView,
  filterText,
  statusFilter,
  summaryView,
} from './schemas.ts';

const { key: _key, ...groupFilter } = deadLetterFilter;

/** Looking at dead letters. */
export function deadLetterReadRoutes({ service, database, events }: OpsParts): RoutePlugin {
  const path = opsPath(service, '/dead-letters');
  const tags = ['operations'];
  return async (app) => {
    app.get(path, {
      config: { permission: `${service}:ops:read`, errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: opsOperationId('list', service, 'DeadLetters'),
        summary: 'List dead letters of the own tenant, the newest first',
        tags,
        querystring: z.strictObject({ ...deadLetterFilter, ...statusFilter, ...listQuery }),
        response: { 200: pageEnvelope(deadLetterSchema) },
      },
      handler: async (request) => {
        const { tenantId, actor } = principalOf(request);
        const { limit: size, cursor, ...filter } = request.query;
        const binding = { principal: actor, route: 'ops.dead-letters', filter: filterText(filter) };
        const page = await database
          .tenant(tenantId)
          .read((tx) => events.deadLetters.list(tx as never, filter, { limit: size, cursor, binding }), {
            signal: request.signal,
          });
        const { nextCursor } = page;
        return {
          data: page.data.map(summaryView),
          meta: { limit: size, ...(nextCursor === undefined ? {} : { nextCursor }) },
        };
      },
    });
    app.get(`${path}/groups`, {
      config: { permission: `${service}:ops:read` },
      schema: {
        operationId: opsOperationId('group', service, 'DeadLetters'),
        summary: 'Count dead letters that are alike; in the platform tenant those of all tenants',
        tags,
        querystring: z.strictObject({ ...groupFilter, ...statusFilter, limit: limit() }),
        response: { 200: pageEnvelope(deadLetterGroupSchema) },
      },
      handler: async (request) => {
        const principal = principalOf(request);
        const { limit: size, ...filter } = request.query;
        const tenantId = isOperator(principal) ? undefined : principal.tenantId;
        const groups = await events.deadLetters.groups({ status: 'open', ...filter }, { tenantId, limit: size });
        const data = groups.map((group) => ({
          consumer: group.consumer,
          type: group.type,
          errorCode: group.error_code,
          fingerprint: group.fingerprint,
          status: group.status,
          letters: group.letters,
          tenants: group.tenants,
          firstFailedAt: group.first_at,
          lastFailedAt: group.last_at,
        }));
        return { data, meta: { limit: size } };
      },
    });
    app.get(`${path}/:id`, {
      config: { permission: `${service}:ops:inspect` },
      schema: {
        operationId: opsOperationId('get', service, 'DeadLetter'),
        summary: 'Get a dead letter with its payload, headers and history',
        tags,
        params: z.strictObject({ id: id() }),
        response: { 200: envelope(deadLetterDetailSchema) },
      },
      handler: async (request) => {
        const { tenantId } = principalOf(request);
        const row = await database
          .tenant(tenantId)
          .read((tx) => events.deadLetters.find(tx as never, request.params.id), { signal: request.signal });
        if (row === undefined) throw new NotFoundError('this dead letter does not exist');
        return { data: detailView(row, readPayload(row)) };
      },
    });
  };
}
