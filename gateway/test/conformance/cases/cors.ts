import { expect } from 'vitest';
import { signed, type Case } from '../case.ts';

const portal = 'https://portal.example.org';
const refused = { status: 401, code: 'AUTH_REQUIRED', seen: null } as const;

/** The origin of a page that may not read the gateway's errors. */
function stranger(name: string, origin: string): Case {
  return {
    name,
    send: { path: '/api/v1/one', headers: { Origin: origin } },
    expect: { ...refused, headers: { 'access-control-allow-origin': null } },
  };
}

export const cors: readonly Case[] = [
  {
    name: 'the portal can read a refusal',
    send: { path: '/api/v1/one', headers: { Origin: portal } },
    expect: {
      ...refused,
      headers: {
        'access-control-allow-origin': portal,
        'access-control-expose-headers': /Retry-After.*X-Request-Id/,
        vary: /Origin/,
      },
    },
  },
  {
    name: 'the portal can read that a service is away',
    send: { path: '/api/v1/dead', headers: { Origin: portal } },
    expect: { status: 503, code: 'UNAVAILABLE', headers: { 'access-control-allow-origin': portal } },
  },
  {
    name: 'the portal can read that there is nothing',
    send: { path: '/nothing', headers: { Origin: portal } },
    expect: { status: 404, code: 'NOT_FOUND', headers: { 'access-control-allow-origin': portal } },
  },
  stranger('a page from elsewhere cannot', 'https://evil.example'),
  stranger('an origin that begins like the portal cannot', `${portal}.evil.example`),
  stranger('an origin of another scheme cannot', 'http://portal.example.org'),
  stranger('an opaque origin cannot', 'null'),
  {
    name: 'a preflight reaches the service without a credential',
    send: {
      method: 'OPTIONS',
      path: '/api/v1/one',
      headers: { Origin: portal, 'Access-Control-Request-Method': 'POST' },
    },
    expect: {
      status: 200,
      seen: { service: 'one', method: 'OPTIONS' },
      headers: { 'access-control-allow-origin': null },
    },
  },
  {
    name: 'OPTIONS without an origin reaches the service',
    send: { method: 'OPTIONS', path: '/api/v1/one/exact' },
    expect: { status: 200, seen: { service: 'two', method: 'OPTIONS' } },
  },
  {
    name: 'what a service says about origins is neither doubled nor changed',
    send: { path: '/api/v1/one/cors', headers: { ...signed, Origin: portal } },
    expect: { status: 200, headers: { 'access-control-allow-origin': 'https://of.the.service' } },
    check: ({ headers }) => expect(headers['access-control-expose-headers']).toBeUndefined(),
  },
];
