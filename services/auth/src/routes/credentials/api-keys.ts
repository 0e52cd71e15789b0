import { etag } from '@idp/database';
import { PermissionError } from '@idp/errors';
import {
  envelope,
  id,
  idempotentWrite,
  isUnchanged,
  pageEnvelope,
  principalOf,
  requireMatch,
  type RoutePlugin,
} from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { revokeKey, rotateKey, updateKey } from '../../operations/credentials/change-api-key.ts';
import { createApiKey } from '../../operations/credentials/create-api-key.ts';
import { ownSessionId } from '../../operations/credentials/own-session.ts';
import { requireCoveredAccount } from '../../operations/credentials/require-covered-account.ts';
import { requireHeld } from '../../operations/credentials/require-grantable.ts';
import {
  apiKeysQuery,
  findApiKey,
  listKeyUsage,
  lockApiKey,
  type ApiKeyRow,
} from '../../store/credentials/api-keys.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { pathOfId, readForCaller, writeForCaller } from '../write.ts';
import { apiKey, apiKeyChange, apiKeyView, apiKeyWithSecret, newApiKey, rotation } from './api-key-schemas.ts';
import { managesKeys, requireKeyAccess, sealOf } from './own-key.ts';

const tags = ['api-keys'];
const usageDays = 90;
const usage = z.object({
  lastUsedAt: z.string().nullable().meta({ description: 'At most a minute old', format: 'date-time' }),
  lastUsedIp: z.string().nullable(),
  days: z.array(z.object({ day: z.string().meta({ format: 'date' }), requests: z.int() })),
});
type App = Parameters<RoutePlugin>[0];

/** API keys of people, and all keys of the tenant for who manages them. */
export function apiKeyRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    reads(app, ctx);
    makes(app, ctx);
    changes(app, ctx);
  };
}

/** Who asks, and whether for keys of others too. */
async function callerOf(ctx: AuthContext, request: FastifyRequest) {
  const principal = principalOf(request);
  return { principal, manages: await managesKeys(ctx, principal) };
}

function reads(app: App, ctx: AuthContext): void {
  app.get(
    '/api/v1/api-keys',
    {
      config: { access: 'authenticated', errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: 'listApiKeys',
        summary: 'Your API keys; all of the tenant for who manages them',
        tags,
        querystring: z.strictObject({
          ...listPageQuery,
          ownerId: id().optional().meta({ description: 'Only keys of this person or service account' }),
        }),
        response: { 200: pageEnvelope(apiKey) },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const all = await managesKeys(ctx, principal);
      const ownerId = all ? request.query.ownerId : principal.id;
      const { data, meta } = await readForCaller(ctx, request, (tx) =>
        readListPage(tx, request, apiKeysQuery(tx, { ownerId }), {
          sort: [{ column: 'id' }],
          asked: { ...request.query, all },
        }),
      );
      return { data: data.map((row) => apiKeyView(row as ApiKeyRow)), meta };
    },
  );
  app.get(
    '/api/v1/api-keys/:id',
    {
      config: { access: 'authenticated', cacheControl: 'private, no-cache' },
      schema: {
        operationId: 'getApiKey',
        summary: 'Get an API key',
        tags,
        params: pathOfId,
        response: { 200: envelope(apiKey) },
      },
    },
    async (request, reply) => {
      const found = await readForCaller(ctx, request, (tx) => findApiKey(tx, request.params.id));
      const { row } = requireKeyAccess(await callerOf(ctx, request), found);
      if (isUnchanged(request, reply as never, row.version)) return reply.code(304 as never).send(undefined as never);
      return { data: apiKeyView(row) };
    },
  );
  app.get(
    '/api/v1/api-keys/:id/usage',
    {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'getApiKeyUsage',
        summary: 'Requests made with an API key, by day',
        tags,
        params: pathOfId,
        response: { 200: envelope(usage) },
      },
    },
    async (request) => {
      const { id: keyId } = request.params;
      const [found, days] = await readForCaller(ctx, request, (tx) =>
        Promise.all([findApiKey(tx, keyId), listKeyUsage(tx, keyId, usageDays)]),
      );
      const { row } = requireKeyAccess(await callerOf(ctx, request), found);
      return { data: { lastUsedAt: row.last_used_at, lastUsedIp: row.last_used_ip, days } };
    },
  );
}

function makes(app: App, ctx: AuthContext): void {
  app.post(
    '/api/v1/api-keys',
    {
      config: {
        access: 'authenticated',

        errors: ['SCOPE_ESCALATION', 'UNKNOWN_PERMISSION', 'SECRETS_UNAVAILABLE'],
      },
      schema: {
        operationId: 'createApiKey',
        summary: 'Make an API key of your own; the answer shows it this once',
        tags,
        body: newApiKey,
        response: { 201: envelope(apiKeyWithSecret) },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { expiresAt, ...body } = request.body;
      await requireHeld(ctx, principal, body.scopes);
      const owner = { type: principal.type === 'user' ? 'user' : 'service-account', id: principal.id } as const;
      return idempotentWrite(
        request,
        reply,
        ctx.database,
        async (tx) => {
          const input = { ...body, owner, expiresAt: new Date(expiresAt) };
          const { row, text } = await createApiKey(tx, ctx, principal, input);
          const headers = { location: `/api/v1/api-keys/${row.id}`, etag: etag(row.version) };
          return { status: 201, data: { ...apiKeyView(row), key: text }, headers };
        },
        { global: true, seal: sealOf(ctx, request, principal.tenantId) },
      ) as never;
    },
  );
  app.post(
    '/api/v1/api-keys/:id/rotate',
    {
      config: { access: 'authenticated', errors: ['PERMISSION_DENIED', 'SCOPE_ESCALATION', 'SECRETS_UNAVAILABLE'] },
      schema: {
        operationId: 'rotateApiKey',
        summary: 'Give an API key a new secret; the answer shows it this once',
        tags,
        params: pathOfId,
        body: rotation,
        response: { 200: envelope(apiKeyWithSecret) },
      },
    },
    async (request, reply) => {
      const caller = await callerOf(ctx, request);
      const { principal } = caller;
      ownSessionId(principal);
      return idempotentWrite(
        request,
        reply,
        ctx.database,
        async (tx) => {
          const { row: before, own } = requireKeyAccess(caller, await lockApiKey(tx, request.params.id));
          // Whoever gets it can do what the owner can: managing keys is seeing and ending them.
          if (before.owner_type === 'service-account') {
            await requireCoveredAccount(tx, ctx, principal, { accountId: before.owner_id, scopes: before.scopes });
          } else if (!own) throw new PermissionError("a new secret is for the key's owner alone");
          const { row, text } = await rotateKey(tx, ctx, before, request.body.overlapSeconds);
          return { status: 200, data: { ...apiKeyView(row), key: text }, headers: { etag: etag(row.version) } };
        },
        { global: true, seal: sealOf(ctx, request, principal.tenantId) },
      ) as never;
    },
  );
}

function changes(app: App, ctx: AuthContext): void {
  app.patch(
    '/api/v1/api-keys/:id',
    {
      config: { access: 'authenticated', errors: ['PERMISSION_DENIED', 'SCOPE_ESCALATION', 'PRECONDITION_FAILED'] },
      schema: {
        operationId: 'updateApiKey',
        summary: 'Rename or narrow an API key',
        tags,
        params: pathOfId,
        body: apiKeyChange,
        response: { 200: envelope(apiKey) },
      },
    },
    async (request, reply) => {
      const caller = await callerOf(ctx, request);
      ownSessionId(caller.principal);
      const row = await writeForCaller(ctx, request, async (tx) => {
        const { row: before } = requireKeyAccess(caller, await lockApiKey(tx, request.params.id));
        requireMatch(request, before.version);
        return updateKey(tx, ctx, before, request.body);
      });
      void reply.header('etag', etag(row.version));
      return { data: apiKeyView(row) };
    },
  );
  app.delete(
    '/api/v1/api-keys/:id',
    {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'revokeApiKey',
        summary: 'End an API key',
        tags,
        params: pathOfId,
        response: { 204: z.null().meta({ description: 'The key is refused from now on' }) },
      },
    },
    async (request, reply) => {
      const caller = await callerOf(ctx, request);
      await writeForCaller(ctx, request, async (tx) => {
        const { row, own } = requireKeyAccess(caller, await lockApiKey(tx, request.params.id));
        await revokeKey(tx, ctx, row, own ? 'user' : 'admin');
      });
      return reply.code(204).send(null);
    },
  );
}
