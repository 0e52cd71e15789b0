import { expect } from 'vitest';
import { signed, type Case } from '../case.ts';

interface Served {
  service: string;
  url: string;
  version: string | null;
  isNegotiated?: boolean;
}

function version(
  path: string,
  header: string | undefined,
  { service, url, version: echoed, isNegotiated = false }: Served,
): Case {
  return {
    name: `${path} with ${header ?? 'no'} API-Version is served as ${url}`,
    send: { path, headers: { ...signed, ...(header === undefined ? {} : { 'API-Version': header }) } },
    expect: {
      status: 200,
      seen: { service, url },
      headers: { 'api-version': echoed },
    },
    // Compression may have a say of its own.
    check: ({ headers }) => expect((headers['vary'] ?? '').includes('API-Version')).toBe(isNegotiated),
  };
}

function refused(path: string, header: string | undefined, status: number, code: string): Case {
  return {
    name: `${path} with ${header ?? 'no'} API-Version is ${code}`,
    send: { path, headers: { ...signed, ...(header === undefined ? {} : { 'API-Version': header }) } },
    expect: {
      status,
      code,
      seen: null,
      ...(code === 'API_VERSION_UNKNOWN' ? { body: { error: { details: { supported: [1, 2] } } } } : {}),
    },
  };
}

function alias(from: string, to: string, service = 'one', method = 'POST'): Case {
  const body = method === 'POST' ? '{"kept":true}' : undefined;
  return {
    name: `${method} ${from} is ${to}`,
    send: {
      method,
      path: `${from}?a=1`,
      headers: { ...signed, 'API-Version': '2' },
      ...(body === undefined ? {} : { body }),
    },
    expect: {
      status: 200,
      seen: { service, method, url: `${to}?a=1`, body: body ?? '' },
      headers: { link: `<${to}>; rel="canonical"`, 'api-version': null },
    },
  };
}

const one = { service: 'one', url: '/api/v1/one', version: '1' };
const two = { service: 'two', url: '/api/v2/one', version: '2' };
const negotiated = { isNegotiated: true };

export const versions: readonly Case[] = [
  version('/api/v1/one', undefined, one),
  version('/api/v1/one', '1', one),
  version('/api/v2/one', undefined, two),
  version('/api/v2/one', '2', two),
  version('/api/one', undefined, { ...one, ...negotiated }),
  version('/api/one', '1', { ...one, ...negotiated }),
  version('/api/one', '2', { ...two, ...negotiated }),
  version('/api/one/x/child?q=1', undefined, {
    service: 'two',
    url: '/api/v1/one/x/child?q=1',
    version: '1',
    ...negotiated,
  }),
  version('/api/catalog/entities', '2', { service: 'two', url: '/api/catalog/entities', version: null }),
  refused('/api/v1/one', '2', 400, 'API_VERSION_CONFLICT'),
  refused('/api/v2/one', '1', 400, 'API_VERSION_CONFLICT'),
  refused('/api/v1/one', '3', 400, 'API_VERSION_UNKNOWN'),
  refused('/api/one', '0', 400, 'API_VERSION_UNKNOWN'),
  refused('/api/one', '01', 400, 'API_VERSION_UNKNOWN'),
  refused('/api/one', 'one', 400, 'API_VERSION_UNKNOWN'),
  refused('/api/v2/open', undefined, 404, 'NOT_FOUND'),
  refused('/api/open', '2', 404, 'NOT_FOUND'),
  refused('/api/v3/one', undefined, 404, 'NOT_FOUND'),
  alias('/api/plugins/one', '/api/v1/one'),
  alias('/api/plugins/one/x', '/api/v1/one/x'),
  alias('/api/plugins/one/x/child', '/api/v1/one/x/child', 'two'),
  alias('/api/plugins/one/special', '/api/v1/one/exact', 'two'),
  alias('/api/catalog/search', '/api/v1/one/search', 'one', 'GET'),
  alias('/api/backstage/entities/by-name/a', '/api/catalog/entities/by-name/a', 'two', 'GET'),
  alias('/api/auth/sign-in', '/api/v1/one/sign-in'),
  {
    name: 'an exact alias covers nothing below it',
    send: { path: '/healthcheck/more' },
    expect: { status: 404, code: 'NOT_FOUND', seen: null },
  },
  {
    name: 'the methods of an alias are those of its target',
    send: { path: '/api/auth/sign-in' },
    expect: { status: 405, code: 'METHOD_NOT_ALLOWED', headers: { allow: 'POST' }, seen: null },
  },
  {
    name: 'an alias needs the credential its target needs',
    send: { path: '/api/plugins/one' },
    expect: { status: 401, code: 'AUTH_REQUIRED', headers: { link: null }, seen: null },
  },
  {
    name: 'a deprecated route announces its end and its successor',
    send: { path: '/api/v1/old' },
    expect: {
      status: 200,
      headers: {
        deprecation: `@${Date.UTC(2026, 0, 1) / 1000}`,
        sunset: 'Tue, 01 Jan 2999 00:00:00 GMT',
        link: '</api/v1/one>; rel="successor-version"',
      },
      seen: { service: 'one' },
    },
  },
  {
    name: 'a route past its end names its successor',
    send: { path: '/api/v1/gone/x', headers: signed },
    expect: { status: 410, code: 'GONE', headers: { link: '</api/v1/one>; rel="successor-version"' }, seen: null },
  },
];
