import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { envelope, principalOf, type RoutePlugin } from '../src/index.ts';
import { startKernel, type Kernel } from './kernel.ts';

function route(url: string): RoutePlugin {
  return async (app) => {
    app.get(
      url,
      {
        config: { access: 'service', internal: true },
        schema: { response: { 200: envelope(z.object({ id: z.string() })) } },
      },
      async (request) => ({ data: { id: principalOf(request).id } }),
    );
  };
}

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel([route('/internal/v1/x')]);
});
afterAll(() => kernel[Symbol.asyncDispose]());

async function call(claims: Record<string, unknown>, headers: Record<string, string> = {}) {
  const token = await kernel.tokenOf('member', claims);
  const answer = await fetch(`${kernel.origin}/internal/v1/x`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  return { status: answer.status, body: await answer.json() };
}

const service = { sub: 'service:catalog', sty: 'service', sid: undefined, ep: undefined, aud: 'idp:demo' };

test('a service with a token for this one is let in', async () => {
  expect(await call(service)).toMatchObject({ status: 200, body: { data: { id: 'service:catalog' } } });
});

test.each([
  ['a person', {}],
  ['a person whose token names this service', { aud: 'idp:demo' }],
  ['a service account', { ...service, sub: undefined }],
  ['a service with a token for another', { ...service, aud: 'idp:auth' }],
])('%s is not', async (_name, claims) => {
  const given =
    'sub' in claims && claims.sub === undefined ? { ...claims, sub: '0192a3b4-5c6d-7e8f-9a0b-0000000000aa' } : claims;
  expect((await call(given)).status).toBe(401);
});

test('a cookie is no way in', async () => {
  const cookie = `idp_at=${await kernel.tokenOf('member', service)}`;
  expect((await fetch(`${kernel.origin}/internal/v1/x`, { headers: { cookie } })).status).toBe(401);
});

test('such a route where the gateway leads stops the start', async () => {
  await expect(startKernel([route('/api/v1/x')])).rejects.toThrow(/services alone/);
});
