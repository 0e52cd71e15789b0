import { signed, type Case, type ExpectedRequest } from '../case.ts';

/** A request with a token that reaches a service. */
function reaches(name: string, path: string, seen: ExpectedRequest, method = 'GET'): Case {
  return {
    name,
    send: { method, path, headers: signed },
    expect: { status: 200, seen: { method, url: path, ...seen } },
  };
}

export const routing: readonly Case[] = [
  reaches('a prefix serves itself', '/api/v1/one', { service: 'one' }),
  reaches('a prefix serves what is below it', '/api/v1/one/a/b', { service: 'one' }),
  reaches('a slash at the end is below', '/api/v1/one/', { service: 'one' }),
  reaches('an exact path wins over a prefix', '/api/v1/one/exact', { service: 'two' }),
  reaches('an exact path serves nothing below it', '/api/v1/one/exact/more', { service: 'one' }),
  reaches('a template wins over a prefix', '/api/v1/one/x/child', { service: 'two' }),
  reaches('a template matches no empty segment', '/api/v1/one/x/y/child', { service: 'one' }),
  reaches('the template with more literals wins', '/api/v1/one/x/child/fixed', { service: 'one' }),
  reaches('the other template serves the rest', '/api/v1/one/x/child/other', { service: 'two' }),
  reaches('the longest prefix wins', '/api/v1/one/deeper/still', { service: 'two' }),
  reaches('a query changes nothing', '/api/v1/one/exact?a=%2F&b=/x', { service: 'two' }),
  reaches('a mount is passed through as it is', '/api/catalog/entities?filter=a', { service: 'two' }),
  reaches('a PUT arrives as a PUT', '/api/v1/one/x', { service: 'one' }, 'PUT'),
  reaches('a PATCH arrives as a PATCH', '/api/v1/one/x', { service: 'one' }, 'PATCH'),
  reaches('a DELETE arrives as a DELETE', '/api/v1/one/x', { service: 'one' }, 'DELETE'),
  {
    name: 'a prefix ends with its segment',
    send: { path: '/api/v1/onerous', headers: signed },
    expect: { status: 404, code: 'NOT_FOUND', seen: null },
  },
  {
    name: 'a HEAD has the headers of the GET and no body',
    send: { method: 'HEAD', path: '/api/v1/open' },
    expect: { status: 200, seen: { method: 'HEAD' }, headers: { 'content-type': 'application/json' } },
  },
  {
    name: 'a body arrives as it was sent',
    send: { method: 'POST', path: '/api/v1/one', headers: signed, body: '{"a": "\\u00e9"}' },
    expect: { status: 200, seen: { service: 'one', method: 'POST', body: '{"a": "\\u00e9"}' } },
  },
];
