import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { z } from 'zod';
import { signed, type Case, type CheckContext } from '../case.ts';
import type { Answer } from '../wire.ts';

/** Fields of a line of the access log, the same of every target. */
const line = z.object({
  service: z.literal('gateway'),
  requestId: z.string().min(1),
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  method: z.string(),
  path: z.string().startsWith('/'),
  route: z.string(),
  upstream: z.string().optional(),
  status: z.int(),
  errorCode: z.string().optional(),
  durationMs: z.number().min(0),
  upstreamMs: z.number().min(0).optional(),
  bytesIn: z.number().min(0),
  bytesOut: z.number().min(0),
  tenantId: z.string().optional(),
  subject: z.string().optional(),
  keyId: z.string().optional(),
  clientIp: z.string(),
  userAgent: z.string().optional(),
});

/** Waits for the line of this request and looks at it. */
function logs(expected: (context: CheckContext) => object): NonNullable<Case['check']> {
  return async (answer: Answer, context: CheckContext) => {
    const find = () => context.target.log.find(({ requestId }) => requestId === answer.headers['x-request-id']);
    await expect.poll(find).toBeDefined();
    expect(line.parse(find())).toMatchObject(expected(context));
    expect(JSON.stringify(find())).not.toMatch(/planted-secret|eyJ/);
  };
}

/** Echoing services do not send the id back in one process; the real ones do. */
const withId = (): Record<string, string> => ({ 'X-Request-Id': randomUUID() });

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
    send: () => ({
      method: 'POST',
      path: '/api/v1/one/x?key=planted-secret',
      headers: { ...signed, ...withId(), 'User-Agent': 'suite/1', 'X-Secret': 'planted-secret' },
      body: '{"password":"planted-secret"}',
    }),
    expect: { status: 200, seen: {} },
    check: async ({ body }, context) => {
      const { headers } = JSON.parse(body) as { headers: Record<string, string> };
      const answer = { status: 200, body, raw: Buffer.alloc(0), headers: { 'x-request-id': headers['x-request-id']! } };
      const { subject, tenantId } = context.target.issuer;
      const expected = {
        method: 'POST',
        path: '/api/v1/one/x',
        route: 'one',
        upstream: 'one',
        status: 200,
        clientIp: '127.0.0.1',
        userAgent: 'suite/1',
        subject,
        tenantId,
      };
      await logs(() => expected)(answer, context);
    },
  },
  {
    name: 'a refusal leaves a line with its code',
    send: { path: '/api/v1/one?key=planted-secret' },
    expect: { status: 401 },
    check: logs(() => ({ path: '/api/v1/one', route: 'one', status: 401, errorCode: 'AUTH_REQUIRED' })),
  },
  {
    name: 'a path without a route leaves a line',
    send: { path: '/nothing/planted' },
    expect: { status: 404 },
    check: logs(() => ({ path: '/nothing/planted', route: 'none', status: 404, errorCode: 'NOT_FOUND' })),
  },
  {
    name: 'an alias leaves a line with the path of the client',
    send: { path: '/api/plugins/one/x' },
    expect: { status: 401 },
    check: logs(() => ({ path: '/api/plugins/one/x', route: 'one', status: 401 })),
  },
];
