import { envelope, pageEnvelope, text, timestamp, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { revokeSigningKey, rotateSigningKey } from '../../operations/credentials/signing-keys.ts';
import { signingKeysQuery } from '../../store/signing-keys.ts';
import { listPageQuery, readListPage } from '../list-page.ts';
import { requirePlatform } from '../tenants/target.ts';
import { readForCaller } from '../write.ts';

const path = '/api/v1/auth/signing-keys';
const permission = 'auth:signing-key:manage';
const tags = ['signing-keys'];
const kid = z.string().regex(/^[\w-]{43}$/, 'must be the thumbprint of a key');
const signingKey = z.object({
  kid,
  alg: z.enum(['EdDSA', 'ES256']),
  state: z.enum(['next', 'active', 'retiring', 'retired', 'revoked']),
  createdAt: timestamp().meta({ description: 'When it was published' }),
  activatedAt: timestamp().nullable(),
  retiringAt: timestamp().nullable().meta({ description: 'When another took its place' }),
  retiredAt: timestamp().nullable(),
  revokedAt: timestamp().nullable(),
});
const reasoned = z.strictObject({
  reason: text({ max: 500 })
    .default('')
    .meta({ examples: ['a backup was lost'] }),
});
type App = Parameters<RoutePlugin>[0];
type Row = Awaited<ReturnType<ReturnType<typeof signingKeysQuery>['execute']>>[number];

function viewOf(row: Row): z.input<typeof signingKey> {
  return {
    kid: row.kid,
    alg: row.alg as 'EdDSA',
    state: row.state as 'next',
    createdAt: row.created_at,
    activatedAt: row.activated_at,
    retiringAt: row.retiring_at,
    retiredAt: row.retired_at,
    revokedAt: row.revoked_at,
  };
}

/** The keys that sign access tokens; for the people of the platform. */
export function signingKeyRoutes(ctx: AuthContext): RoutePlugin {
  return async (app) => {
    listRoute(app, ctx);
    changeRoutes(app, ctx);
  };
}

function listRoute(app: App, ctx: AuthContext): void {
  app.get(
    path,
    {
      config: { permission, errors: ['INVALID_CURSOR'] },
      schema: {
        operationId: 'listSigningKeys',
        summary: 'Keys that sign access tokens, oldest first; for the platform',
        tags,
        querystring: z.strictObject(listPageQuery),
        response: { 200: pageEnvelope(signingKey) },
      },
    },
    async (request) => {
      requirePlatform(request);
      const { data, meta } = await readForCaller(ctx, request, (tx) =>
        readListPage(tx, request, signingKeysQuery(tx), {
          sort: [{ column: 'created_at' }, { column: 'kid' }],
          asked: request.query,
        }),
      );
      return { data: data.map(viewOf), meta };
    },
  );
}

function changeRoutes(app: App, ctx: AuthContext): void {
  app.post(
    `${path}/rotate`,
    {
      // A second call finds the key the first one has published: 409.
      config: { permission, idempotency: 'none', errors: ['INVALID_STATE', 'SECRETS_UNAVAILABLE'] },
      schema: {
        operationId: 'rotateSigningKey',
        summary: 'Publish the key that signs from tomorrow on; by the platform',
        tags,
        response: { 200: envelope(z.object({ kid })) },
      },
    },
    async (request) => {
      requirePlatform(request);
      return { data: { kid: await rotateSigningKey(ctx, request.operation) } };
    },
  );
  app.post(
    `${path}/:kid/revoke`,
    {
      config: { permission, idempotency: 'none', errors: ['INVALID_STATE', 'SECRETS_UNAVAILABLE'] },
      schema: {
        operationId: 'revokeSigningKey',
        summary: 'Refuse at once everything a key has signed; by the platform',
        tags,
        params: z.strictObject({ kid }),
        body: reasoned,
        response: { 204: z.null().meta({ description: 'Nothing it signed is accepted any more' }) },
      },
    },
    async (request, reply) => {
      requirePlatform(request);
      const { signal } = request.operation;
      await revokeSigningKey(ctx, { kid: request.params.kid, reason: request.body.reason, signal });
      return reply.code(204).send(null);
    },
  );
}
