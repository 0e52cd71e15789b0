import { etag } from '@idp/database';
import { NotFoundError } from '@idp/errors';
import {
  envelope,
  id,
  idempotentWrite,
  isUnchanged,
  name,
  pageEnvelope,
  principalOf,
  text,
  type RoutePlugin,
} from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { clientKeys } from '../../domain/client-keys.ts';
import { createApiKey } from '../../operations/credentials/create-api-key.ts';
import { requireCoveredAccount } from '../../operations/credentials/require-covered-account.ts';
import { requireHeld } from '../../operations/credentials/require-grantable.ts';
import {
  changeServiceAccount,
  createServiceAccount,
  deleteServiceAccount,
  replaceClientKeys,
} from '../../operations/credentials/service-accounts.ts';
import {
  findServiceAccount,
  serviceAccountsQuery,
  type ServiceAccountRow,
} from '../../store/credentials/service-accounts.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { matchOf, pathOfId, readForCaller, writeForCaller } from '../write.ts';
import { apiKeyView, apiKeyWithSecret, newApiKey } from './api-key-schemas.ts';
import { sealOf } from './own-key.ts';

const permission = 'auth:service-account:manage';
const tags = ['service-accounts'];
const scope = z.object({ type: z.enum(['tenant', 'organization', 'team', 'project']), id: z.uuid() });
const serviceAccount = z.object({
  id: z.uuid(),
  name: z.string(),
  description: z.string(),
  scope,
  keys: z.array(z.looseObject({ kid: z.string() })).meta({ description: 'Public keys it proves itself by (RFC 7517)' }),
  createdAt: z.string().meta({ format: 'date-time' }),
  updatedAt: z.string().meta({ format: 'date-time' }),
});
const newServiceAccount = z.strictObject({
  name: name({ max: 100 }),
  description: text({ max: 1000 }).default(''),
  scope: z.strictObject({ type: scope.shape.type, id: id() }).meta({ description: 'What the account is for' }),
});
const change = z.strictObject({ name: name({ max: 100 }).optional(), description: text({ max: 1000 }).optional() });
type App = Parameters<RoutePlugin>[0];

function viewOf(row: ServiceAccountRow): z.input<typeof serviceAccount> {
  const { name: shown, description, scope_type: type, scope_id: scopeId } = row;
  const times = { createdAt: row.created_at, updatedAt: row.updated_at };
  return { id: row.id, name: shown, description, scope: { type, id: scopeId }, keys: row.jwks?.keys ?? [], ...times };
}

/** Accounts of programs, and their keys. */
export function serviceAccountRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    reads(app, ctx);
    writes(app, ctx);
    clientKeysRoute(app, ctx);
    keyRoute(app, ctx);
  };
}

function reads(app: App, ctx: AuthContext): void {
  app.get(
    '/api/v1/auth/service-accounts',
    {
      config: { permission, errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: 'listServiceAccounts',
        summary: 'Service accounts of the tenant',
        tags,
        querystring: z.strictObject(listPageQuery),
        response: { 200: pageEnvelope(serviceAccount) },
      },
    },
    async (request) => {
      const { data, meta } = await readForCaller(ctx, request, (tx) =>
        readListPage(tx, request, serviceAccountsQuery(tx), { sort: [{ column: 'id' }], asked: request.query }),
      );
      return { data: data.map((row) => viewOf(row as ServiceAccountRow)), meta };
    },
  );
  app.get(
    '/api/v1/auth/service-accounts/:id',
    {
      config: { permission, cacheControl: 'private, no-cache' },
      schema: {
        operationId: 'getServiceAccount',
        summary: 'Get a service account',
        tags,
        params: pathOfId,
        response: { 200: envelope(serviceAccount) },
      },
    },
    async (request, reply) => {
      const row = await readForCaller(ctx, request, (tx) => findServiceAccount(tx, request.params.id));
      if (row === undefined) throw new NotFoundError('the service account does not exist');
      if (isUnchanged(request, reply as never, row.version)) return reply.code(304 as never).send(undefined as never);
      return { data: viewOf(row) };
    },
  );
}

function writes(app: App, ctx: AuthContext): void {
  app.post(
    '/api/v1/auth/service-accounts',
    {
      config: { permission, errors: ['NAME_TAKEN', 'REFERENCE_INVALID'] },
      schema: {
        operationId: 'createServiceAccount',
        summary: 'Make a service account',
        tags,
        body: newServiceAccount,
        response: { 201: envelope(serviceAccount) },
      },
    },
    async (request, reply) =>
      idempotentWrite(
        request,
        reply,
        ctx.database,
        async (tx) => {
          const row = await createServiceAccount(tx, ctx, request.body);
          const headers = { location: `/api/v1/auth/service-accounts/${row.id}`, etag: etag(row.version) };
          return { status: 201, data: viewOf(row), headers };
        },
        { global: true },
      ) as never,
  );
  app.patch(
    '/api/v1/auth/service-accounts/:id',
    {
      config: { permission, errors: ['NAME_TAKEN', 'PRECONDITION_FAILED'] },
      schema: {
        operationId: 'updateServiceAccount',
        summary: 'Rename or describe a service account; honours If-Match',
        tags,
        params: pathOfId,
        body: change,
        response: { 200: envelope(serviceAccount) },
      },
    },
    async (request, reply) => {
      const input = { id: request.params.id, change: request.body, precondition: matchOf(request) };
      const row = await writeForCaller(ctx, request, (tx) => changeServiceAccount(tx, ctx, input));
      void reply.header('etag', etag(row.version));
      return { data: viewOf(row) };
    },
  );
  app.delete(
    '/api/v1/auth/service-accounts/:id',
    {
      config: { permission },
      schema: {
        operationId: 'deleteServiceAccount',
        summary: 'End a service account and its keys',
        tags,
        params: pathOfId,
        response: { 204: z.null().meta({ description: 'The account and its keys are gone' }) },
      },
    },
    async (request, reply) => {
      await writeForCaller(ctx, request, (tx) => deleteServiceAccount(tx, ctx, request.params.id));
      return reply.code(204).send(null);
    },
  );
}

function clientKeysRoute(app: App, ctx: AuthContext): void {
  app.put(
    '/api/v1/auth/service-accounts/:id/jwks',
    {
      config: { permission, errors: ['PRECONDITION_FAILED', 'SCOPE_ESCALATION'] },
      schema: {
        operationId: 'replaceServiceAccountKeys',
        summary: 'Say by which key pairs a service account proves itself; honours If-Match',
        tags,
        params: pathOfId,
        body: clientKeys,
        response: { 200: envelope(serviceAccount) },
      },
    },
    async (request, reply) => {
      const input = { id: request.params.id, jwks: request.body, precondition: matchOf(request) };
      const row = await writeForCaller(ctx, request, async (tx) => {
        await requireCoveredAccount(tx, ctx, principalOf(request), { accountId: input.id, scopes: ['*'] });
        return replaceClientKeys(tx, ctx, input);
      });
      void reply.header('etag', etag(row.version));
      return { data: viewOf(row) };
    },
  );
}

function keyRoute(app: App, ctx: AuthContext): void {
  app.post(
    '/api/v1/auth/service-accounts/:id/api-keys',
    {
      config: { permission, errors: ['SCOPE_ESCALATION', 'UNKNOWN_PERMISSION', 'SECRETS_UNAVAILABLE'] },
      schema: {
        operationId: 'createServiceAccountKey',
        summary: 'Make an API key of a service account; the answer shows it this once',
        tags,
        params: pathOfId,
        body: newApiKey,
        response: { 201: envelope(apiKeyWithSecret) },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { expiresAt, ...body } = request.body;
      await requireHeld(ctx, principal, body.scopes);
      return idempotentWrite(
        request,
        reply,
        ctx.database,
        async (tx) => {
          const account = await findServiceAccount(tx, request.params.id);
          if (account === undefined) throw new NotFoundError('the service account does not exist');
          await requireCoveredAccount(tx, ctx, principal, { accountId: account.id, scopes: body.scopes });
          const owner = { type: 'service-account', id: account.id } as const;
          const { row, text: key } = await createApiKey(tx, ctx, principal, {
            ...body,
            owner,
            expiresAt: new Date(expiresAt),
          });
          const headers = { location: `/api/v1/api-keys/${row.id}`, etag: etag(row.version) };
          return { status: 201, data: { ...apiKeyView(row), key }, headers };
        },
        { global: true, seal: sealOf(ctx, request, principal.tenantId) },
      ) as never;
    },
  );
}
