import { z } from 'zod';
import { envelope, id, name, pageEnvelope, principalOf, text, timestamp, type RoutePlugin } from '../src/index.ts';

const thing = z.object({ id: z.string(), name: z.string(), note: z.string().optional() });

const thingBody = z.strictObject({
  name: name(),
  note: text().optional(),
  size: z.int().min(0).max(1_000_000).optional(),
  ratio: z.number().optional(),
  active: z.boolean().optional(),
  tags: z.array(z.string()).max(1000).optional(),
  at: timestamp().optional(),
  extra: z.record(z.string(), z.unknown()).optional(),
});

/** One route of each kind the kernel knows. */
export const demoRoutes: RoutePlugin = async (app) => {
  app.get(
    '/api/v1/open',
    {
      config: { access: 'public' },
      schema: { operationId: 'getOpen', response: { 200: envelope(z.object({ ok: z.boolean() })) } },
    },
    async () => ({ data: { ok: true } }),
  );
  app.get(
    '/api/v1/whoami',
    {
      config: { access: 'authenticated' },
      schema: { operationId: 'whoAmI', response: { 200: envelope(z.object({ id: z.string(), ip: z.string() })) } },
    },
    async (request) => ({ data: { id: principalOf(request).id, ip: request.ip } }),
  );
  app.get(
    '/api/v1/things',
    {
      config: { permission: 'demo:thing:read' },
      schema: {
        operationId: 'listThings',
        querystring: z.strictObject({
          limit: z.int().min(1).max(100).default(25),
          q: z.string().optional(),
          deep: z.boolean().optional(),
          status: z.array(z.enum(['active', 'gone'])).optional(),
          cursor: z.string().optional(),
        }),
        response: { 200: pageEnvelope(z.object({ query: z.unknown() })) },
      },
    },
    async (request) => ({ data: [{ query: request.query }], meta: { nextCursor: 'next' } }),
  );
  app.get(
    '/api/v1/things/:id',
    {
      config: { permission: 'demo:thing:read' },
      schema: { operationId: 'getThing', params: z.strictObject({ id: id() }), response: { 200: envelope(thing) } },
    },
    // `secret` stands for a column that a query happened to read.
    async (request) => ({ data: { id: request.params.id, name: 'n', secret: 'leak' } as z.input<typeof thing> }),
  );
  app.post(
    '/api/v1/things',
    {
      config: { permission: 'demo:thing:create' },
      schema: { operationId: 'createThing', body: thingBody, response: { 201: envelope(thingBody) } },
    },
    async (request, reply) => reply.code(201).send({ data: request.body }),
  );
  app.delete(
    '/api/v1/things/:id',
    {
      config: { permission: 'demo:thing:create' },
      schema: { operationId: 'deleteThing', params: z.strictObject({ id: id() }), response: { 204: z.null() } },
    },
    async (_request, reply) => reply.code(204).send(null),
  );
};
