import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { RouteOptions } from 'fastify';
import { envelope, type RoutePlugin } from '../src/index.ts';
import { demoRoutes } from './demo-routes.ts';
import { startKernel, tenantA, type Kernel } from './kernel.ts';

const ok = { 200: envelope(z.object({})) };

function route(options: Partial<RouteOptions> & { schema?: object; config?: object }): RoutePlugin {
  return async (app) => {
    app.route({ method: 'GET', url: '/api/v1/x', handler: async () => ({ data: {} }), ...options } as never);
  };
}

describe('the start is refused', () => {
  const operationId = 'x';
  test.each([
    ['a route without a guard', { schema: { operationId, response: ok } }, /neither a permission nor access/],
    [
      'an unknown access',
      { config: { access: 'anyone' }, schema: { operationId, response: ok } },
      /neither a permission/,
    ],
    [
      'a permission of no manifest',
      { config: { permission: 'demo:thing:fly' }, schema: { operationId, response: ok } },
      /no manifest/,
    ],
    [
      'access and permission together',
      { config: { access: 'public', permission: 'demo:thing:read' }, schema: { operationId, response: ok } },
      /one decides/,
    ],
    ['no schema for the answer', { config: { access: 'public' }, schema: { operationId } }, /no schema for its answer/],
    [
      'only an error schema',
      { config: { access: 'public' }, schema: { operationId, response: { 404: z.object({}) } } },
      /no schema for its answer/,
    ],
    ['no operationId', { config: { access: 'public' }, schema: { response: ok } }, /operationId/],
  ])('for %s', async (_name, options, message) => {
    await expect(startKernel([route(options as never)])).rejects.toThrow(message);
  });
});

describe('authentication', () => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await startKernel([demoRoutes]);
  });
  afterAll(() => kernel[Symbol.asyncDispose]());

  const call = async (authorization?: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const answer = await fetch(`${kernel.origin}/api/v1/whoami`, { headers });
    return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body: await answer.json() };
  };

  test('without a credential: 401 AUTH_REQUIRED, one body', async () => {
    const { status, challenge, body } = await call();
    expect([status, challenge]).toEqual([401, 'Bearer']);
    expect(body).toMatchObject({ error: { code: 'AUTH_REQUIRED', message: 'Authentication is required' } });
  });

  test('whatever is wrong with a token: 401 INVALID_TOKEN, one body', async () => {
    const valid = await kernel.tokenOf('member');
    const now = Math.floor(Date.now() / 1000);
    const expired = await kernel.tokenOf('member', { iat: now - 2000, exp: now - 1100 });
    const foreign = await kernel.tokenOf('member', { aud: 'http://other.test/api' });
    const credentials = [
      'Basic dXNlcjpwYXNz',
      'Bearer',
      'Bearer a b',
      `Bearer ${valid}x`,
      `Bearer ${expired}`,
      `Bearer ${foreign}`,
      `${valid}`,
      'Bearer '.padEnd(9000, 'a'),
    ];
    const bodies = new Set<string>();
    for (const credential of credentials) {
      const { status, challenge, body } = await call(credential);
      expect([status, challenge]).toEqual([401, 'Bearer']);
      bodies.add(JSON.stringify((body as { error: object }).error));
    }
    expect([...bodies]).toEqual(['{"code":"INVALID_TOKEN","message":"The access token is not valid"}']);
  });

  test('the scheme is case-insensitive', async () => {
    expect((await call(`bearer ${await kernel.tokenOf('member')}`)).status).toBe(200);
  });

  test('a cookie or a query parameter is no credential', async () => {
    const token = await kernel.tokenOf('member');
    const byCookie = await fetch(`${kernel.origin}/api/v1/whoami`, { headers: { cookie: `__Host-idp_at=${token}` } });
    expect(byCookie.status).toBe(401);
    const byQuery = await fetch(`${kernel.origin}/api/v1/whoami?access_token=${token}`);
    expect(byQuery.status).toBe(401);
  });

  test('identity headers from outside decide nothing', async () => {
    const headers = { 'x-user-id': 'x', 'x-tenant-id': tenantA, 'x-idp-principal': 'user:x' };
    expect((await fetch(`${kernel.origin}/api/v1/whoami`, { headers })).status).toBe(401);
  });

  test('a permission that the role lacks is 403, before the body is looked at', async () => {
    const answer = await fetch(`${kernel.origin}/api/v1/things`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await kernel.tokenOf('viewer')}`, 'content-type': 'application/json' },
      body: 'not json',
    });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { code: 'PERMISSION_DENIED' } });
  });

  test('neither token nor query appears in the log', async () => {
    const token = await kernel.tokenOf('member');
    await fetch(`${kernel.origin}/api/v1/things?q=hunter2`, { headers: { authorization: `Bearer ${token}` } });
    const text = JSON.stringify(kernel.logs);
    expect(text).toContain('/api/v1/things');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(token.slice(0, 20));
  });
});
