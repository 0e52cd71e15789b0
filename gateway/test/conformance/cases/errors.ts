import { expect } from 'vitest';
import { signed, type Case, type Expected } from '../case.ts';

const none: Pick<Expected, 'seen'> = { seen: null };
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const traced = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'X-Request-Id': 'of-the-client' };

/** What a service answers itself passes unchanged, but for the code it gives to the log. */
function ofTheService(status: number): Case {
  return {
    name: `${status} of a service is its own`,
    send: { path: `/api/v1/once/status/${status}` },
    expect: {
      status,
      code: 'OF_THE_SERVICE',
      headers: { 'x-error-code': null },
      seen: { service: 'two' },
    },
  };
}

function onMount(name: string, path: string, headers: Record<string, string>, status: number, error: string): Case {
  return {
    name,
    send: { path, headers },
    expect: {
      ...none,
      status,
      body: { error: { name: error }, response: { statusCode: status }, request: { method: 'GET' } },
    },
  };
}

export const errors: readonly Case[] = [
  {
    name: 'an error of the gateway has the envelope, ids and security headers',
    send: { path: '/nothing', headers: traced },
    expect: {
      ...none,
      status: 404,
      body: {
        error: { code: 'NOT_FOUND', message: expect.stringMatching(/\w/) as string },
        meta: { requestId: 'of-the-client', traceId: trace },
      },
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-request-id': 'of-the-client',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-site',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cache-control': 'no-store',
        'x-error-code': null,
        'x-trace-id': null,
        'x-idp-own': null,
        server: null,
      },
    },
  },
  {
    name: 'an error without a trace of the client names the one that began',
    send: { path: '/nothing' },
    expect: {
      ...none,
      status: 404,
      body: { meta: { traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string } },
    },
  },
  {
    name: 'an error after a malformed trace names the one that began',
    send: { path: '/nothing', headers: { traceparent: 'nonsense' } },
    expect: {
      ...none,
      status: 404,
      body: { meta: { traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string } },
    },
  },
  {
    name: 'an error to HEAD has headers and no body',
    send: { method: 'HEAD', path: '/nothing' },
    expect: { ...none, status: 404, headers: { 'content-length': /^\d+$/ } },
    check: ({ body }) => expect(body).toBe(''),
  },
  {
    name: 'a method the route does not list names those it does',
    send: { method: 'DELETE', path: '/api/v1/one/exact', headers: signed },
    expect: { ...none, status: 405, code: 'METHOD_NOT_ALLOWED', headers: { allow: 'GET, POST, HEAD' } },
  },
  ...['TRACE', 'PROPFIND', 'LOCK'].map((method): Case => ({
    name: `${method} is not served`,
    send: { method, path: '/api/v1/one', headers: signed },
    expect: { ...none, status: 405, code: 'METHOD_NOT_ALLOWED', headers: { allow: /^GET, HEAD, POST/ } },
  })),
  {
    name: 'CONNECT is not served',
    send: { bytes: 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n' },
    expect: { ...none, status: 405, code: 'METHOD_NOT_ALLOWED' },
  },
  {
    name: 'a service that is away',
    send: { path: '/api/v1/dead' },
    expect: { ...none, status: 503, code: 'UNAVAILABLE', headers: { 'retry-after': '1' } },
  },
  {
    name: 'a service that breaks off',
    send: { path: '/api/v1/once/reset' },
    needs: 'upstream-errors',
    expect: { status: 502, code: 'UPSTREAM_ERROR', seen: {} },
    without: { status: 0, seen: {} },
  },
  {
    name: 'a service that does not answer in time',
    send: { path: '/api/v1/slow/hang' },
    needs: 'upstream-errors',
    expect: { status: 504, code: 'UPSTREAM_TIMEOUT', seen: { headers: { 'x-request-deadline-ms': '500' } } },
    // In one process the service itself keeps the time it is given.
    without: { send: { path: '/api/v1/slow' }, status: 200, seen: { headers: { 'x-request-deadline-ms': '500' } } },
  },
  ...[400, 401, 404, 409, 429, 500, 503].map(ofTheService),
  onMount('nobody on a mount', '/api/catalog/entities?x=1', {}, 401, 'AuthenticationError'),
  onMount('a bad token on a mount', '/api/catalog', { authorization: 'Bearer x' }, 401, 'AuthenticationError'),
  {
    name: 'the error of a mount names the path below it',
    send: { path: '/api/catalog/entities?x=1' },
    expect: { ...none, status: 401, body: { request: { method: 'GET', url: '/entities?x=1' } } },
  },
];
