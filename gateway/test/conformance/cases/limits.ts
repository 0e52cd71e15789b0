import { signed, type Case, type Expected } from '../case.ts';

const tooLarge: Expected = { status: 413, code: 'PAYLOAD_TOO_LARGE', seen: null };
const fields = (count: number): [string, string][] =>
  Array.from({ length: count }, (_, i): [string, string] => [`X-A${i}`, '1']);

function chunked(bytes: number): string {
  return `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n0\r\n\r\n`;
}

const inChunks = { 'Transfer-Encoding': 'chunked' };

export const limits: readonly Case[] = [
  {
    name: 'a body as large as its route takes',
    send: { method: 'POST', path: '/api/v1/small', body: 'x'.repeat(1024) },
    expect: { status: 200, seen: { body: 'x'.repeat(1024) } },
  },
  {
    name: 'a body one byte larger',
    send: { method: 'POST', path: '/api/v1/small', body: 'x'.repeat(1025) },
    expect: tooLarge,
  },
  {
    name: 'a body whose length alone is too large',
    send: { method: 'POST', path: '/api/v1/small', headers: { 'Content-Length': '5000000' } },
    expect: tooLarge,
  },
  {
    name: 'a body is measured before its credential',
    send: { method: 'POST', path: '/api/v1/one', headers: { 'Content-Length': '5000000' } },
    expect: tooLarge,
  },
  {
    name: 'a body in chunks that is too large',
    send: { method: 'POST', path: '/api/v1/small', headers: inChunks, body: chunked(2000) },
    needs: 'counted-bodies',
    expect: { status: 413, code: 'PAYLOAD_TOO_LARGE' },
    // In one process the service itself counts.
    without: { status: 200, seen: { body: 'x'.repeat(2000) } },
  },
  {
    name: 'a body in chunks within the limit',
    send: { method: 'POST', path: '/api/v1/small', headers: inChunks, body: chunked(500) },
    expect: { status: 200, seen: { body: 'x'.repeat(500) } },
  },
  {
    name: 'an empty body in chunks',
    send: { method: 'POST', path: '/api/v1/small', headers: inChunks, body: '0\r\n\r\n' },
    expect: { status: 200, seen: { body: '' } },
  },
  {
    name: 'more than 100 fields',
    send: { path: '/api/v1/open', headers: fields(101) },
    expect: { status: 431, code: 'HEADERS_TOO_LARGE', seen: null },
  },
  {
    name: 'eighty fields',
    send: { path: '/api/v1/open', headers: fields(80) },
    expect: { status: 200, seen: {} },
  },
  {
    name: 'a header of 17 KiB',
    send: { path: '/api/v1/open', headers: { 'X-A': 'x'.repeat(17_000) } },
    expect: { status: 431, code: 'HEADERS_TOO_LARGE', seen: null },
  },
  {
    name: 'a target above 8 KiB',
    send: { path: `/api/v1/one?q=${'x'.repeat(8192)}`, headers: signed },
    expect: { status: 414, code: 'URI_TOO_LONG', seen: null },
  },
  {
    name: 'a target of 8 KiB',
    send: { path: `/api/v1/one?q=${'x'.repeat(8000)}`, headers: signed },
    expect: { status: 200, seen: {} },
  },
  {
    name: 'an expectation is answered by the refusal',
    send: { method: 'POST', path: '/api/v1/one', headers: { Expect: '100-continue', 'Content-Length': '2' } },
    expect: { status: 401, code: 'AUTH_REQUIRED', seen: null },
  },
  {
    name: 'an expectation is answered by an invitation',
    send: { method: 'POST', path: '/api/v1/small', headers: { Expect: '100-continue' }, body: '{}' },
    expect: { status: 200, seen: { body: '{}' } },
  },
];
