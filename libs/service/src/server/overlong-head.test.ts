import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readOverlongHead } from './overlong-head.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection whose parser gave up in this packet, after so many bytes of earlier ones. */
function overflow(packet: string, { before = 0, stoppedAt = packet.length } = {}) {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  Object.assign(socket, { bytesRead: before + packet.length });
  const answered: string[] = [];
  const rawPacket = Buffer.from(packet, 'latin1');
  const error = Object.assign(new Error('overflow'), { rawPacket, bytesParsed: stoppedAt });
  readOverlongHead(error, socket as Socket, (part) => answered.push(part));
  const hear = (text: string) => socket.emit('data', Buffer.from(text, 'latin1'));
  return { answered, hear, socket };
}

const long = 'a'.repeat(20_000);

test.each([
  ['a target in the first packet', `GET /${long}`, 'target'],
  ['a target behind a whole request', `GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /${long}`, 'target'],
  ['a field', `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${long}`, 'fields'],
  ['a field that speaks of a request', `GET / HTTP/1.1\r\nHost: a\r\nX-A: GET /${long} HTTP/1.1`, 'fields'],
  ['bytes that are no request', long, 'fields'],
])('%s is known by itself', (_name, packet, part) => {
  expect(overflow(packet).answered).toEqual([part]);
});

test.each([
  ['a target', ['aa HTTP/1.1\r\nHost: a\r\n'], 'target'],
  ['a target that ends between two packets', ['aa HTTP', '/1.1\r', '\nHost: a'], 'target'],
  ['a field', ['aa\r\nX-B: b HTTP/1.1\r\n'], 'fields'],
])('%s that began in an earlier packet is known by the end of its line', (_name, pieces, part) => {
  const { answered, hear } = overflow(long, { before: 20_000 });
  expect(answered).toEqual([]);
  pieces.forEach(hear);
  expect(answered).toEqual([part]);
});

test('what follows the place where the parser gave up says nothing of it', () => {
  const target = `GET /${long}`;
  expect(overflow(`${target} HTTP/1.1\r\nHost: a\r\n`, { stoppedAt: target.length }).answered).toEqual(['target']);
});

test('the end of the line may stand in the packet, behind the place where the parser gave up', () => {
  const rest = ' HTTP/1.1\r\nHost: a\r\n';
  expect(overflow(long + rest, { before: 20_000, stoppedAt: long.length }).answered).toEqual(['target']);
});

test('a line without an end is not waited for', () => {
  const { answered, socket } = overflow(long, { before: 20_000 });
  vi.advanceTimersByTime(2_000);
  expect(answered).toEqual(['fields']);
  expect(socket.destroyed).toBe(false);
  vi.advanceTimersByTime(2_000);
  expect(socket.destroyed).toBe(true);
});

test('whoever goes on sending is listened to within bounds', () => {
  const { hear, socket, answered } = overflow(`GET /${long}`);
  for (let piece = 0; piece < 17; piece += 1) hear('a'.repeat(1024 * 1024));
  expect(socket.destroyed).toBe(true);
  expect(answered).toEqual(['target']);
});
