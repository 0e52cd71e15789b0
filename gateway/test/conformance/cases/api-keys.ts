import { expect } from 'vitest';
import { logLine } from '../access-log.ts';
import type { Case, Expected } from '../case.ts';
import type { Issuer } from '../targets/issuer.ts';

const path = '/api/v1/one';
const passes: Expected = { status: 200, seen: { service: 'one' } };
const refused: Expected = {
  status: 401,
  code: 'INVALID_API_KEY',
  headers: { 'www-authenticate': 'Bearer', 'content-type': 'application/json; charset=utf-8' },
  seen: null,
};

function withKey(
  name: string,
  headers: (issuer: Issuer) => Record<string, string> | Promise<Record<string, string>>,
  expected: Expected,
  at = path,
): Case {
  return { name, send: async (issuer) => ({ path: at, headers: await headers(issuer) }), expect: expected };
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

export const apiKeys: readonly Case[] = [
  withKey('a key passes', (issuer) => bearer(issuer.key()), passes),
  withKey(
    'a key passes after the scheme in lower case',
    (issuer) => ({ authorization: `bearer ${issuer.key()}` }),
    passes,
  ),
  withKey(
    'a key arrives as it was sent, and nothing that only we say beside it',
    (issuer) => ({ ...bearer(issuer.key()), 'X-Ext-Auth-Tenant': 'forged' }),
    { status: 200, seen: { headers: { authorization: /^Bearer idp_key_/, 'x-ext-auth-tenant': null } } },
  ),
  withKey('an unknown key', (issuer) => bearer(issuer.key('unknown')), refused),
  withKey('a key that was mistyped', (issuer) => bearer(`${issuer.key().slice(0, -1)}_`), refused),
  withKey('a key whose beginning alone is right', () => bearer('idp_'), refused),
  withKey('a bad key where it is optional', () => bearer('idp_key_x'), refused, '/api/v1/optional'),
  withKey('a bad key where it is public', () => bearer('idp_key_x'), passes, '/api/v1/open'),
  withKey('auth is away', (issuer) => bearer(issuer.key('unreachable')), {
    status: 503,
    code: 'UNAVAILABLE',
    seen: null,
  }),
  withKey(
    'a key passes beside an expired cookie',
    async (issuer) => ({
      ...bearer(issuer.key()),
      cookie: `idp_at=${await issuer.token({ exp: 1, iat: 0, auth_time: 0 })}`,
    }),
    passes,
  ),
  {
    name: 'a bad key on a mount',
    send: { path: '/api/catalog/entities?x=1', headers: bearer('idp_key_x') },
    expect: {
      status: 401,
      seen: null,
      body: {
        error: { name: 'AuthenticationError' },
        request: { method: 'GET', url: '/entities?x=1' },
        response: { statusCode: 401 },
      },
    },
  },
  {
    name: 'the refusal of a key has the ids of its request',
    send: { path, headers: { ...bearer('idp_key_x'), 'X-Request-Id': 'of-the-client' } },
    expect: { ...refused, body: { meta: { requestId: 'of-the-client' } } },
    check: ({ body }) =>
      expect((JSON.parse(body) as { meta: { traceId: string } }).meta.traceId).toMatch(/^[0-9a-f]{32}$/),
  },
  {
    name: 'the access log names a refused key’s error and not the key',
    send: { path, headers: bearer('idp_key_planted') },
    expect: refused,
    check: async (answer, { target }) => {
      const line = await logLine(target, answer.headers['x-request-id']!);
      expect(line).toMatchObject({ status: 401, errorCode: 'INVALID_API_KEY', route: 'one' });
      expect(JSON.stringify(line)).not.toContain('planted');
    },
  },
  {
    name: 'the access log names whose key it was',
    send: (issuer) => ({ path, headers: bearer(issuer.key()) }),
    expect: passes,
    check: async (_, { target, seen }) => {
      const { tenantId, subject, keyId } = target.issuer;
      const line = await logLine(target, String(seen[0]!.headers['x-request-id']));
      expect(line).toMatchObject({ status: 200, tenantId, subject, keyId });
    },
  },
];
