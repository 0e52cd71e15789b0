import { newId } from '@idp/contracts';
import { expect } from 'vitest';
import { signed, type Case } from '../case.ts';
import type { Issuer } from '../targets/issuer.ts';
import { exchange } from '../wire.ts';

const path = '/api/v1/one';

/** Somebody of the tenant who has used nothing yet. */
const somebody = async (issuer: Issuer) => ({ authorization: `Bearer ${await issuer.token({ sub: newId() })}` });

function fresh(at: string, method = 'GET'): Case['send'] {
  return async (issuer) => ({ method, path: at, headers: await somebody(issuer) });
}

/** The limit nearest to its end and what is left of it. */
const left = (policy: string, units: number): RegExp => new RegExp(`^"${policy}";r=${units};t=\\d+$`);

const refused = { status: 429, code: 'RATE_LIMIT_EXCEEDED', seen: null } as const;
const uncounted = { ratelimit: null, 'ratelimit-policy': null, 'ratelimit-limit': null };

export const rateLimits: readonly Case[] = [
  {
    name: 'an answer says what is left, in both forms',
    send: fresh(path),
    expect: {
      status: 200,
      headers: {
        'ratelimit-policy': '"user";q=600;w=60, "tenant";q=30000;w=60',
        ratelimit: left('user', 149),
        'ratelimit-limit': '600',
        'ratelimit-remaining': '149',
        'ratelimit-reset': /^\d+$/,
      },
    },
  },
  {
    name: 'each request takes one',
    send: fresh(path),
    before: 9,
    expect: { status: 200, headers: { ratelimit: left('user', 140) } },
  },
  {
    name: 'a costly class takes its cost',
    send: fresh('/api/v1/export'),
    expect: { status: 200, headers: { ratelimit: left('user', 100) } },
  },
  {
    name: 'beyond the burst it is refused, and what it says to wait suffices',
    send: fresh('/api/v1/export'),
    before: 3,
    expect: {
      ...refused,
      body: { error: { details: { policy: 'user' } }, meta: { requestId: expect.any(String) as string } },
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'retry-after': '5',
        ratelimit: left('user', 0),
        'ratelimit-limit': '600',
        'x-request-id': /./,
        'content-security-policy': /none/,
      },
    },
    check: async ({ headers }, { target, message }) => {
      target.advance(Number(headers['retry-after']));
      expect((await exchange(target.port, message)).status).toBe(200);
    },
  },
  {
    name: 'a class of its own is counted beside the user',
    send: fresh('/api/v1/ask'),
    before: 8,
    expect: { ...refused, body: { error: { details: { policy: 'ai' } } } },
  },
  {
    name: 'a fence stands in the place of anonymous, for its route',
    send: { path: '/api/v1/hooks/x' },
    before: 5,
    expect: { ...refused, body: { error: { details: { policy: 'webhook' } } } },
    check: ({ headers }) => expect(headers['ratelimit-policy']).toBe('"webhook";q=600;w=60'),
  },
  {
    name: 'a class without limits says nothing',
    send: { path: '/api/v1/free', headers: signed },
    expect: { status: 200, headers: uncounted },
  },
  {
    name: 'a key has a budget of its own',
    send: (issuer) => ({ path, headers: { authorization: `Bearer ${issuer.key()}` } }),
    expect: {
      status: 200,
      headers: { ratelimit: /^"api-key";r=\d+;t=\d+$/, 'ratelimit-policy': /^"api-key";q=1200;w=60/ },
    },
  },
  {
    name: 'a refused credential is not counted',
    send: { path, headers: { authorization: 'Bearer x' } },
    expect: { status: 401, headers: uncounted },
  },
  {
    name: 'a path without a route is not counted',
    send: { path: '/nothing' },
    expect: { status: 404, headers: uncounted },
  },
  {
    name: 'an alias counts as its target',
    send: fresh('/api/plugins/one/x'),
    expect: { status: 200, headers: { ratelimit: left('user', 149) } },
  },
  {
    name: 'an error of a service is counted',
    send: fresh('/api/v1/one/status/409'),
    expect: { status: 409, headers: { ratelimit: left('user', 149) } },
  },
  {
    name: 'beyond the burst a mount refuses in its form',
    send: fresh('/api/catalog/entities?x=1'),
    before: 150,
    expect: {
      status: 429,
      seen: null,
      headers: { 'retry-after': '1' },
      body: { request: { method: 'GET', url: '/entities?x=1' }, response: { statusCode: 429 } },
    },
  },
  {
    name: 'the portal can read that it asks too often',
    send: async (issuer) => ({
      path: '/api/v1/export',
      headers: { ...(await somebody(issuer)), Origin: 'https://portal.example.org' },
    }),
    before: 3,
    expect: { ...refused, headers: { 'access-control-allow-origin': 'https://portal.example.org' } },
  },
];
