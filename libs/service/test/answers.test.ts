import { setTimeout as pause } from 'node:timers/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConflictError, UnavailableError } from '@idp/errors';
import { currentContext } from '@idp/telemetry';
import { envelope, isUnchanged, listQuery, pageEnvelope, requireMatch, type RoutePlugin } from '../src/index.ts';
import { demoRoutes } from './demo-routes.ts';
import { startKernel, type Kernel } from './kernel.ts';

const pet = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('cat'), lives: z.int() }),
    z.object({ kind: z.literal('dog'), tricks: z.array(z.object({ name: z.string() })) }),
  ])
  .meta({ id: 'Pet', description: 'A pet' });

const common = { config: { access: 'public' as const } };

const answers: RoutePlugin = async (app) => {
  app.get(
    '/pets',
    {
      ...common,
      schema: { operationId: 'pets', querystring: z.strictObject(listQuery), response: { 200: pageEnvelope(pet) } },
    },
    async () => ({
      data: [
        { kind: 'cat', lives: 9, tricks: [{ name: 'no' }], passwordHash: 'x' },
        { kind: 'dog', tricks: [{ name: 'sit', passwordHash: 'x' }], lives: 1 },
      ] as never,
      meta: { nextCursor: 'c' },
    }),
  );
  app.get(
    '/undeclared',
    { ...common, schema: { operationId: 'undeclared', response: { 200: envelope(pet) } } },
    async (_request, reply) => reply.code(202 as never).send({ data: { secret: 1 } } as never),
  );
  app.get(
    '/wrong',
    { ...common, schema: { operationId: 'wrong', response: { 200: envelope(z.object({ n: z.number() })) } } },
    async () => ({ data: { n: 'text' } }) as never,
  );
  app.get('/broken', { ...common, schema: { operationId: 'broken', response: { 200: envelope(pet) } } }, async () => {
    throw new Error('connection to postgres://app:hunter2@db failed', { cause: new Error('ECONNREFUSED 10.0.0.1') });
  });
  app.get(
    '/thrown-nothing',
    { ...common, schema: { operationId: 'thrownNothing', response: { 200: envelope(pet) } } },
    async () => {
      throw undefined;
    },
  );
  app.get(
    '/conflict',
    { ...common, schema: { operationId: 'conflict', response: { 200: envelope(pet) } } },
    async () => {
      throw new ConflictError('name is taken', { code: 'NAME_TAKEN', details: { field: 'name' } });
    },
  );
  app.get('/away', { ...common, schema: { operationId: 'away', response: { 200: envelope(pet) } } }, async () => {
    throw new UnavailableError('the database is away', { retryAfterSeconds: 1.2 });
  });
  app.get(
    '/versioned',
    { ...common, schema: { operationId: 'versioned', response: { 200: envelope(pet), 304: z.null() } } },
    async (request, reply) => {
      if (isUnchanged(request, reply, 3)) return reply.code(304).send(null);
      return { data: { kind: 'cat' as const, lives: 1 } };
    },
  );
  app.put(
    '/versioned',
    { ...common, schema: { operationId: 'updateVersioned', response: { 200: envelope(pet) } } },
    async (request) => {
      requireMatch(request, 3, { required: true });
      return { data: { kind: 'cat' as const, lives: 1 } };
    },
  );
  app.get(
    '/plain',
    {
      config: { access: 'public', envelope: false, cacheControl: 'public, max-age=300' },
      schema: { operationId: 'plain', response: { 200: z.object({ keys: z.array(z.string()) }) } },
    },
    async () => ({ keys: ['k'] }),
  );
  app.post(
    '/context',
    {
      ...common,
      schema: {
        operationId: 'context',
        body: z.strictObject({ a: z.int() }),
        response: { 200: envelope(z.object({ requestId: z.string() })) },
      },
    },
    async () => {
      await pause(1);
      return { data: { requestId: currentContext()?.requestId ?? 'none' } };
    },
  );
};

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel([demoRoutes, answers]);
});
afterAll(() => kernel[Symbol.asyncDispose]());

const call = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(kernel.origin + path, init);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: text === '' ? undefined : JSON.parse(text) };
};

describe('answers', () => {
  test('are stripped to their schema, inside lists and unions too', async () => {
    const { body, text } = await call('/pets');
    expect(text).not.toContain('passwordHash');
    expect(body.data).toEqual([
      { kind: 'cat', lives: 9 },
      { kind: 'dog', tricks: [{ name: 'sit' }] },
    ]);
    expect(body.meta).toEqual({ requestId: expect.any(String), traceId: expect.any(String), nextCursor: 'c' });
  });

  test('of an undeclared status are not sent', async () => {
    const { status, text } = await call('/undeclared');
    expect(status).toBe(500);
    expect(text).not.toContain('secret');
  });

  test('that do not match their schema fail in tests', async () => {
    expect((await call('/wrong')).status).toBe(500);
    expect(JSON.stringify(kernel.logs)).toContain('does not match its schema');
  });

  test('without envelope go out as they are, cacheable where declared', async () => {
    const { body, headers } = await call('/plain');
    expect(body).toEqual({ keys: ['k'] });
    expect(headers.get('cache-control')).toBe('public, max-age=300');
  });

  test('a handler behind a body runs in the context of its request', async () => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'ctx-1' },
      body: '{"a":1}',
    };
    const { body } = await call('/context', init);
    expect(body.data.requestId).toBe('ctx-1');
  });
});

describe('errors', () => {
  test('of ours keep code, message and details', async () => {
    const { status, body, headers } = await call('/conflict');
    expect(status).toBe(409);
    expect(body.error).toEqual({ code: 'NAME_TAKEN', message: 'name is taken', details: { field: 'name' } });
    expect(headers.get('x-error-code')).toBe('NAME_TAKEN');
  });

  test('say when to come back, in whole seconds rounded up', async () => {
    const { status, headers } = await call('/away');
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
  });

  test.each(['/broken', '/thrown-nothing'])('%s: unknown ones show nothing', async (path) => {
    const { status, body, text } = await call(path);
    expect(status).toBe(500);
    expect(body.error).toEqual({ code: 'INTERNAL_ERROR', message: 'Internal error' });
    expect(text).not.toMatch(/postgres|hunter2|10\.0\.0\.1| at /);
  });

  test('are logged once, with cause and ids, without the password', async () => {
    const { body } = await call('/broken');
    const lines = kernel.logs.filter((line) => line['requestId'] === body.meta.requestId && line['level'] === 'error');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      traceId: body.meta.traceId,
      route: 'GET /broken',
      err: { cause: { name: 'Error' } },
    });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });
});

describe('versions', () => {
  test('a reader who has it gets 304', async () => {
    expect((await call('/versioned')).headers.get('etag')).toBe('"3"');
    for (const tag of ['"3"', 'W/"3"', '"1", "3"', '*']) {
      const { status, text } = await call('/versioned', { headers: { 'if-none-match': tag } });
      expect([status, text]).toEqual([304, '']);
    }
    expect((await call('/versioned', { headers: { 'if-none-match': '"4"' } })).status).toBe(200);
  });

  test.each([
    ['"3"', 200],
    ['*', 200],
    ['"2"', 412],
    ['W/"3"', 412],
    ['3', 400],
    [undefined, 428],
  ])('If-Match %s: %i', async (tag, status) => {
    const headers: Record<string, string> = tag === undefined ? {} : { 'if-match': tag };
    expect((await call('/versioned', { method: 'PUT', headers })).status).toBe(status);
  });
});

describe('description', () => {
  test('is a valid OpenAPI 3.1 document', async () => {
    const result = await new Validator().validate(structuredClone(kernel.app.swagger()) as never);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  test('shows guards, error codes and components of this service', () => {
    const document = kernel.app.swagger() as unknown as {
      paths: Record<string, Record<string, Record<string, unknown>>>;
      components: { schemas: Record<string, unknown> };
    };
    const create = document.paths['/api/v1/things']!['post']!;
    expect(create).toMatchObject({
      operationId: 'createThing',
      security: [{ bearer: [] }],
      'x-permission': 'demo:thing:create',
    });
    expect(create['x-error-codes']).toEqual(
      expect.arrayContaining(['PERMISSION_DENIED', 'PAYLOAD_TOO_LARGE', 'IDEMPOTENCY_KEY_REUSED']),
    );
    expect(document.paths['/api/v1/open']!['get']).toMatchObject({ security: [], 'x-access': 'public' });
    expect(document.components.schemas['Pet']).toMatchObject({ description: 'A pet' });
    expect(JSON.stringify(create)).toContain('"additionalProperties":false');
  });

  test('two services in one process do not see each other', async () => {
    await using other = await startKernel([demoRoutes]);
    const document = other.app.swagger() as { components?: { schemas?: object } };
    expect(Object.keys(document.components?.schemas ?? {})).not.toContain('Pet');
  });
});

test('requests are measured by route template, not by path', async () => {
  await call('/api/v1/nothing-1');
  await call('/pets');
  const text = await kernel.telemetry.metrics.registry.metrics();
  expect(text).toMatch(/http_server_request_duration_seconds_count\{[^}]*http_route="\/pets"[^}]*\} [1-9]/);
  expect(text).toContain('http_route="unmatched"');
  expect(text).not.toContain('nothing-1');
});
