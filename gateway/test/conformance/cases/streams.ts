import { expect } from 'vitest';
import { signed, type Case } from '../case.ts';

const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

export const streams: readonly Case[] = [
  {
    name: 'events arrive as they were sent',
    send: { path: '/api/v1/stream/events' },
    expect: { status: 200, headers: { 'content-type': 'text/event-stream' }, seen: {} },
    check: ({ body }) => expect(body).toBe('data: 1\n\ndata: 2\n\n'),
  },
  {
    name: 'events are not compressed',
    send: { path: '/api/v1/stream/events', headers: { 'Accept-Encoding': 'gzip' } },
    expect: { status: 200, headers: { 'content-encoding': null } },
  },
  {
    name: 'a stream has no deadline',
    send: { path: '/api/v1/stream', headers: { 'X-Request-Deadline-Ms': '5' } },
    expect: { status: 200, seen: { headers: { 'x-request-deadline-ms': null } } },
  },
  {
    name: 'an upload may be larger than bodies are',
    send: { method: 'POST', path: '/api/v1/upload', body: 'x'.repeat(100_000) },
    expect: { status: 200, seen: { method: 'POST', body: 'x'.repeat(100_000) } },
  },
  {
    name: 'a HEAD of a stream ends',
    send: { method: 'HEAD', path: '/api/v1/stream/events' },
    expect: { status: 200, seen: { method: 'HEAD' } },
  },
  {
    name: 'a WebSocket is opened where the route says so',
    send: { path: '/api/v1/socket', headers: upgrade },
    needs: 'websockets',
    expect: { status: 101, headers: { upgrade: 'websocket' } },
    without: { status: 403, seen: null },
  },
  {
    name: 'a WebSocket is refused elsewhere',
    send: { path: '/api/v1/open', headers: upgrade },
    expect: { status: 403, code: 'PERMISSION_DENIED', seen: null },
  },
  {
    name: 'a WebSocket is refused elsewhere to those who are signed in',
    send: { path: '/api/v1/one', headers: { ...upgrade, ...signed } },
    expect: { status: 403, code: 'PERMISSION_DENIED', seen: null },
  },
];
