import { signed, type Case, type Expected } from '../case.ts';

const path = '/api/v1/one';
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

/** Headers that mean something inside and that nobody outside may send. */
const forged = [
  'X-Idp-User',
  'X-IDP-Tenant',
  'X-Tenant-Id',
  'X-User-Id',
  'X-Workload-Authorization',
  'X-Envoy-Original-Path',
  'X-Envoy-Retry-On',
  'X-On-Behalf-Of',
  'X-Forwarded-Client-Cert',
  'X-Forwarded-Host',
  'X-Real-IP',
  'Forwarded',
  'Baggage',
  'X-Error-Code',
];

function never(name: string): Case {
  return {
    name: `${name} reaches no service`,
    send: { path, headers: { ...signed, [name]: 'forged' } },
    expect: { status: 200, seen: { headers: { [name.toLowerCase()]: null } } },
  };
}

function ids(name: string, headers: Record<string, string>, seen: Record<string, string | RegExp | null>): Case {
  return { name, send: { path, headers: { ...signed, ...headers } }, expect: { status: 200, seen: { headers: seen } } };
}

const refused: Expected = { status: 400, seen: null };

function bytes(name: string, text: string, expect: Expected = refused): Case {
  return { name, send: { bytes: text }, expect };
}

const post = (headers: string, body = ''): string =>
  `POST /api/v1/open HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n${body}`;
const get = (headers: string, target = '/api/v1/open'): string =>
  `GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`;
const host = 'Host: localhost\r\n';

export const hygiene: readonly Case[] = [
  ...forged.map(never),
  {
    name: 'a header named in Connection is dropped with it',
    send: { path, headers: { ...signed, Connection: 'close, X-Smuggled', 'X-Smuggled': '1', 'X-Kept': '1' } },
    expect: { status: 200, seen: { headers: { 'x-smuggled': null, 'x-kept': '1' } } },
  },
  {
    name: 'an identity named in Connection is dropped all the same',
    send: { path, headers: { ...signed, Connection: 'close, X-Idp-User', 'X-Idp-User': 'forged' } },
    expect: { status: 200, seen: { headers: { 'x-idp-user': null } } },
  },
  {
    name: 'X-Forwarded-For of a client is not believed',
    send: { path, headers: { ...signed, 'X-Forwarded-For': '203.0.113.9' } },
    expect: { status: 200 },
    check: ({ body }) => {
      if (body.includes('203.0.113.9')) throw new Error('the forged address reached the service');
    },
  },
  ids('TE is not passed on', { TE: 'trailers' }, { te: null }),
  ids('the deadline is the route’s', { 'X-Request-Deadline-Ms': '1' }, { 'x-request-deadline-ms': '15000' }),
  ids('an acceptable request id is kept', { 'X-Request-Id': 'build-42.a_b' }, { 'x-request-id': 'build-42.a_b' }),
  ids('another request id is replaced', { 'X-Request-Id': 'no spaces' }, { 'x-request-id': /^[0-9a-f-]{36}$/ }),
  ids('a request id of 129 characters', { 'X-Request-Id': 'a'.repeat(129) }, { 'x-request-id': /^[0-9a-f-]{36}$/ }),
  ids('a request without an id gets one', {}, { 'x-request-id': /^[0-9a-f-]{36}$/ }),
  ids(
    'a trace is continued with its state',
    { traceparent: `00-${trace}-00f067aa0ba902b7-01`, tracestate: 'a=1' },
    { traceparent: new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`), tracestate: 'a=1' },
  ),
  ...['nonsense', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `00-${trace}-00f067aa0ba902b7-0g`].map((malformed) =>
    ids(
      `the trace ${malformed} begins anew without its state`,
      { traceparent: malformed, tracestate: 'a=1' },
      { traceparent: new RegExp(`^00-(?!${trace}|0{32})[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`), tracestate: null },
    ),
  ),
  ids(
    'a trace in upper case begins anew without its state',
    { traceparent: `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`, tracestate: 'a=1' },
    { traceparent: new RegExp(`^00-(?!${trace})[0-9a-f]{32}-`), tracestate: null },
  ),
  ids('a request without a trace gets one', {}, { traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/ }),
  bytes('a length and chunks', post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  bytes('two lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', 'ab')),
  bytes('a negative length', post('Content-Length: -1\r\n')),
  bytes('a length with a sign', post('Content-Length: +1\r\n', 'a')),
  bytes('an encoding nobody knows', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')),
  bytes('an encoding twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  bytes('a NUL in a header', get(`${host}X-A: a\0b\r\n`)),
  bytes('a space before the colon', get(`${host}X-A : b\r\n`)),
  bytes('no host', get('')),
  bytes('two hosts', get('Host: localhost\r\nHost: localhost\r\n')),
  bytes('a target in absolute form', get(host, 'http://localhost/api/v1/open')),
  bytes('a target with a fragment', get(host, '/api/v1/open#x')),
  bytes('no HTTP at all', 'hello\r\n\r\n'),
  bytes('another version of HTTP', `GET /api/v1/open HTTP/3.7\r\n${host}\r\n`),
  bytes('a folded header', get(`${host}X-A: a\r\n b\r\n`)),
  {
    name: 'another host',
    send: { path: '/api/v1/open', headers: { Host: 'evil.example' } },
    expect: { status: 421, code: 'MISDIRECTED_REQUEST', seen: null },
  },
  {
    name: 'a public host in other case and with a port',
    send: { path: '/api/v1/open', headers: { Host: 'IDP.example.org:8443' } },
    expect: { status: 200, seen: { service: 'one' } },
  },
];
