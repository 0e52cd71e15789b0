import { expect } from 'vitest';
import { logLine } from '../access-log.ts';
import { signed, type Case } from '../case.ts';

/** Waits for the line of this request and looks at it. */
function logs(expected: object): NonNullable<Case['check']> {
  return async ({ headers }, { target }) => {
    expect(await logLine(target, headers['x-request-id']!)).toMatchObject(expected);
  };
}

export const answers: readonly Case[] = [
  {
    name: 'an answer to a credential is not stored',
    send: { path: '/api/v1/one', headers: signed },
    expect: { status: 200, headers: { 'cache-control': 'no-store' } },
  },
  {
    name: 'an answer to nobody may be',
    send: { path: '/api/v1/open' },
    expect: { status: 200, headers: { 'cache-control': null } },
  },
  {
    name: 'a service may say otherwise',
    send: { path: '/api/v1/one/own-headers', headers: signed },
    expect: { status: 200, headers: { 'cache-control': 'max-age=60', link: '</other>; rel="next"', vary: /Accept/ } },
  },
  {
    name: 'programs are not named',
    send: { path: '/api/v1/open/own-headers' },
    needs: 'finished-answers',
    expect: { status: 200, headers: { server: null, 'x-powered-by': null, 'x-envoy-upstream-service-time': null } },
    // In one process every service is ours and names none.
    without: { status: 200 },
  },
  {
    name: 'every answer has the security headers',
    send: { path: '/api/v1/open' },
    needs: 'finished-answers',
    expect: {
      status: 200,
      headers: {
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-site',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      },
    },
    without: { status: 200, headers: { 'content-security-policy': null } },
  },
  {
    name: 'a large answer is compressed',
    send: { path: '/api/v1/open/large', headers: { 'Accept-Encoding': 'gzip' } },
    needs: 'compression',
    expect: { status: 200, headers: { 'content-encoding': 'gzip', vary: /Accept-Encoding/ } },
    without: { status: 200, headers: { 'content-encoding': null } },
    check: ({ body }) => expect(JSON.parse(body)).toEqual({ text: 'x'.repeat(10_000) }),
  },
  {
    name: 'a large answer is not compressed for those who cannot read it',
    send: { path: '/api/v1/open/large' },
    expect: { status: 200, headers: { 'content-encoding': null } },
  },
  {
    name: 'an answer leaves a line in the access log',
    send: {
      method: 'POST',
      path: '/api/v1/one/x?key=planted-secret',
      headers: { ...signed, 'User-Agent': 'suite/1', 'X-Secret': 'planted-secret' },
      body: '{"password":"planted-secret"}',
    },
    expect: { status: 200, seen: {} },
    check: async (_, { target, seen }) => {
      const { subject, tenantId } = target.issuer;
      const line = await logLine(target, String(seen[0]!.headers['x-request-id']));
      expect(line).toMatchObject({ method: 'POST', path: '/api/v1/one/x', route: 'one', upstream: 'one', status: 200 });
      expect(line).toMatchObject({ clientIp: '127.0.0.1', userAgent: 'suite/1', subject, tenantId });
      expect(JSON.stringify(target.log)).not.toMatch(/planted-secret|eyJ/);
    },
  },
  {
    name: 'a refusal leaves a line with its code',
    send: { path: '/api/v1/one?key=planted-secret' },
    expect: { status: 401 },
    check: logs({ path: '/api/v1/one', route: 'one', status: 401, errorCode: 'AUTH_REQUIRED' }),
  },
  {
    name: 'a path without a route leaves a line',
    send: { path: '/nothing/planted' },
    expect: { status: 404 },
    check: logs({ path: '/nothing/planted', route: 'none', status: 404, errorCode: 'NOT_FOUND' }),
  },
  {
    name: 'an alias leaves a line with the path of the client',
    send: { path: '/api/plugins/one/x' },
    expect: { status: 401 },
    check: logs({ path: '/api/plugins/one/x', route: 'one', status: 401 }),
  },
];
