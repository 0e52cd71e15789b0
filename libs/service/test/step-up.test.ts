import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Access } from '@idp/auth';
import { z } from 'zod';
import { envelope, type RoutePlugin } from '../src/index.ts';
import { startKernel, type Kernel } from './kernel.ts';

const sensitive: RoutePlugin = async (app) => {
  const response = { 200: envelope(z.object({})) };
  app.post(
    '/api/v1/dangerous',
    {
      config: { permission: 'demo:thing:create', stepUp: { maxAgeSeconds: 300 }, idempotency: 'none' },
      schema: { operationId: 'dangerous', response },
    },
    async () => ({ data: {} }),
  );
  app.post(
    '/api/v1/strong',
    {
      config: { access: 'authenticated', stepUp: { maxAgeSeconds: 300, acr: 'idp:aal2' }, idempotency: 'none' },
      schema: { operationId: 'strong', response },
    },
    async () => ({ data: {} }),
  );
};

/** Permissions of the tests are in no snapshot. */
const everythingAllowed = { requirePermission: async () => undefined } as unknown as Access;

let kernel: Kernel;
let now = Date.now();
beforeAll(async () => {
  kernel = await startKernel([sensitive], { clock: () => new Date(now) });
});
afterAll(() => kernel[Symbol.asyncDispose]());

const seconds = () => Math.floor(now / 1000);

async function call(path: string, role: 'viewer' | 'member', claims: Record<string, unknown>) {
  const token = await kernel.tokenOf(role, claims);
  const answer = await fetch(`${kernel.origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body: await answer.json() };
}

test('a sign-in counts as fresh to the last second', async () => {
  now = Date.now();
  expect((await call('/api/v1/dangerous', 'member', { auth_time: seconds() - 300 })).status).toBe(200);
  const stale = await call('/api/v1/dangerous', 'member', { auth_time: seconds() - 301 });
  expect(stale).toMatchObject({
    status: 403,
    body: { error: { code: 'STEP_UP_REQUIRED', details: { acr: 'idp:aal1', maxAgeSeconds: 300 } } },
  });
  expect(stale.challenge).toMatch(/^Bearer error="insufficient_user_authentication", .*max_age="300"$/);
});

test('who may not is told so, whatever the age of the sign-in', async () => {
  const { body } = await call('/api/v1/dangerous', 'viewer', { auth_time: 0 });
  expect(body).toMatchObject({ error: { code: 'PERMISSION_DENIED' } });
});

test('what a permission asks for is asked on each of its routes, unless a route asks for more', async () => {
  const asking = {
    description: 'end things',
    resource: 'thing',
    role: 'member',
    stepUp: { maxAgeSeconds: 60 },
  } as const;
  const response = { 200: envelope(z.object({})) };
  const routes: RoutePlugin = async (app) => {
    const config = { permission: 'demo:thing:end', idempotency: 'none' } as const;
    app.post('/api/v1/end', { config, schema: { operationId: 'end', response } }, async () => ({ data: {} }));
    app.post(
      '/api/v1/end-all',
      { config: { ...config, stepUp: { maxAgeSeconds: 10 } }, schema: { operationId: 'endAll', response } },
      async () => ({ data: {} }),
    );
  };
  const manifest = { 'demo:thing:end': asking };
  await using own = await startKernel([routes], { manifest, access: everythingAllowed, clock: () => new Date(now) });
  const post = async (path: string, ageSeconds: number) => {
    const token = await own.tokenOf('member', { auth_time: seconds() - ageSeconds });
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${own.origin}${path}`, { method: 'POST', headers });
    return answer.headers.get('x-error-code') ?? answer.status;
  };
  expect([await post('/api/v1/end', 60), await post('/api/v1/end', 61)]).toEqual([200, 'STEP_UP_REQUIRED']);
  expect([await post('/api/v1/end-all', 10), await post('/api/v1/end-all', 11)]).toEqual([200, 'STEP_UP_REQUIRED']);
});

test('a weaker sign-in is not enough where a stronger one is asked for', async () => {
  const weak = await call('/api/v1/strong', 'member', {});
  expect(weak).toMatchObject({ status: 403, body: { error: { details: { acr: 'idp:aal2' } } } });
  expect((await call('/api/v1/strong', 'member', { acr: 'idp:phr' })).status).toBe(200);
});

test('a credential without a session cannot be stepped up', async () => {
  const service = { sty: 'service', sid: undefined, ep: undefined };
  expect((await call('/api/v1/strong', 'member', { ...service, acr: 'idp:phr' })).status).toBe(403);
});

test('a public route that asks for it stops the start', async () => {
  const route: RoutePlugin = async (app) => {
    app.get(
      '/api/v1/x',
      {
        config: { access: 'public', stepUp: { maxAgeSeconds: 300 } },
        schema: { operationId: 'x', response: { 200: envelope(z.object({})) } },
      },
      async () => ({ data: {} }),
    );
  };
  await expect(startKernel([route])).rejects.toThrow(/step-up/);
});
