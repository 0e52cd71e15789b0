import { expect, it } from 'vitest';
import { readAnswers } from './raw.ts';

it('splits pipelined answers and skips interim ones', () => {
  const text =
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nokHTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n';
  expect(readAnswers(text)).toMatchObject({
    status: 200,
    body: 'ok',
    answers: 3,
    upgraded: false,
    headers: [
      ['content-length', '2'],
      ['x-a', 'b'],
    ],
  });
});

it('calls a socket closed without an answer status 0', () => {
  expect(readAnswers('')).toMatchObject({ status: 0, answers: 0 });
});

it('sees an upgrade', () => {
  expect(readAnswers('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n')).toMatchObject({
    upgraded: true,
    answers: 0,
  });
});
