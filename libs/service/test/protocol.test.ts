import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoRoutes } from './demo-routes.ts';
import { startKernel, type Kernel } from './kernel.ts';
import { parseAnswers, rawRequest, sendRaw } from './raw.ts';

let kernel: Kernel;
let token: string;

beforeAll(async () => {
  kernel = await startKernel([demoRoutes]);
  token = await kernel.tokenOf('member');
});
afterAll(() => kernel[Symbol.asyncDispose]());

const postHead = (...headers: string[]): string =>
  rawRequest('POST /api/v1/things HTTP/1.1', [
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    ...headers,
  ]);

const fieldsOf = (text: string): unknown => JSON.parse(text).error?.code;

describe('bytes that are not quite HTTP', () => {
  test.each([
    [
      'length and transfer encoding',
      () =>
        postHead('Content-Length: 36', 'Transfer-Encoding: chunked') +
        '0\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n',
    ],
    ['an unknown transfer encoding', () => postHead('Transfer-Encoding: xchunked') + '0\r\n\r\n'],
    [
      'two transfer encodings',
      () => postHead('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + '0\r\n\r\n',
    ],
    ['a broken chunk size', () => postHead('Transfer-Encoding: chunked') + 'zz\r\n\r\n'],
    ['a signed length', () => postHead('Content-Length: +5') + '{"name":"n"}'],
    ['bare line feeds', () => 'GET /api/v1/open HTTP/1.1\nHost: localhost\n\n'],
    ['a blank in a header name', () => rawRequest('GET /api/v1/open HTTP/1.1', ['Host: localhost', 'X A: b'])],
    ['a blank in the target', () => rawRequest('GET /api/v1/open x HTTP/1.1', ['Host: localhost'])],
    ['a lower-case method', () => rawRequest('get /api/v1/open HTTP/1.1', ['Host: localhost'])],
    ['an unknown version', () => rawRequest('GET /api/v1/open HTTP/3.7', ['Host: localhost'])],
  ])('%s: one 400 with the envelope, then closed', async (_name, bytes) => {
    const answers = await sendRaw(kernel.port, bytes());
    expect(answers).toHaveLength(1);
    expect(answers[0]?.status).toBe(400);
    expect(fieldsOf(answers[0]!.body)).toBe('VALIDATION_ERROR');
    expect(answers[0]?.headers).toMatchObject({ connection: 'close', 'x-content-type-options': 'nosniff' });
  });

  test('a body shorter than its text: the answer to the first is not followed by one to the rest', async () => {
    const answers = await sendRaw(kernel.port, `${postHead('Content-Length: 3')}{"name":"n"}`);
    expect(answers.length).toBeLessThanOrEqual(1);
    for (const answer of answers) expect(answer.status).toBe(400);
  });

  test('a trailer does not become a header', async () => {
    const other = await kernel.tokenOf('viewer');
    const body = `c\r\n{"name":"n"}\r\n0\r\nAuthorization: Bearer ${other}\r\n\r\n`;
    const [answer] = await sendRaw(
      kernel.port,
      postHead('Transfer-Encoding: chunked', 'Trailer: Authorization') + body,
    );
    expect(answer?.status).toBe(201);
  });

  test('an offer to upgrade is not taken', async () => {
    const [answer] = await sendRaw(
      kernel.port,
      rawRequest('GET /api/v1/open HTTP/1.1', [
        'Host: localhost',
        'Upgrade: h2c',
        'Connection: Upgrade, HTTP2-Settings',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
      ]),
    );
    expect(answer?.status).toBe(200);
  });

  test('refusals are counted by reason', async () => {
    await sendRaw(kernel.port, 'nonsense\r\n\r\n');
    const text = await kernel.telemetry.metrics.registry.metrics();
    expect(text).toMatch(/http_rejected_total\{reason="VALIDATION_ERROR",service="demo"\} [1-9]/);
  });
});

describe('Expect: 100-continue', () => {
  /** Sends the head, and the body only when asked to. */
  async function converse(headers: string[], body: string): Promise<{ asked: boolean; text: string }> {
    const socket = connect({ host: '127.0.0.1', port: kernel.port });
    let text = '';
    let asked = false;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!asked && text.startsWith('HTTP/1.1 100 Continue\r\n\r\n')) {
        asked = true;
        text = text.slice('HTTP/1.1 100 Continue\r\n\r\n'.length);
        socket.write(body);
      } else if (text.includes('\r\n\r\n')) {
        socket.end();
      }
    });
    socket.write(rawRequest('POST /api/v1/things HTTP/1.1', ['Host: localhost', 'Expect: 100-continue', ...headers]));
    await once(socket, 'close');
    return { asked, text };
  }

  test('an accepted request is asked for its body', async () => {
    const { asked, text } = await converse(
      [`Authorization: Bearer ${token}`, 'Content-Type: application/json', 'Content-Length: 12'],
      '{"name":"n"}',
    );
    expect(asked).toBe(true);
    expect(parseAnswers(text)[0]?.status).toBe(201);
  });

  test.each([
    ['no credential', () => ['Content-Type: application/json', 'Content-Length: 12'], 401],
    [
      'too long',
      () => [`Authorization: Bearer ${token}`, 'Content-Type: application/json', 'Content-Length: 9999999'],
      413,
    ],
    ['encoded', () => [`Authorization: Bearer ${token}`, 'Content-Encoding: gzip', 'Content-Length: 12'], 415],
  ])('%s: answered before the body', async (_name, headers, status) => {
    const { asked, text } = await converse(headers(), '');
    expect(asked).toBe(false);
    expect(parseAnswers(text)[0]?.status).toBe(status);
  });

  test('another expectation is 417', async () => {
    const [answer] = await sendRaw(
      kernel.port,
      rawRequest('GET /api/v1/open HTTP/1.1', ['Host: localhost', 'Expect: tea']),
    );
    expect(answer?.status).toBe(417);
  });
});

test('a large body that nobody may send is not read', async () => {
  const head = rawRequest('POST /api/v1/things HTTP/1.1', [
    'Host: localhost',
    'Content-Type: application/json',
    'Content-Length: 104857600',
  ]);
  const [answer] = await sendRaw(kernel.port, head + 'a'.repeat(65_536));
  expect([401, 413]).toContain(answer?.status);
  expect(answer?.headers['connection']).toBe('close');
});

// Ten seconds of patience and one until the next look; without that interval it would take up to forty.
test('headers that never end are answered 408 and closed', { timeout: 15_000 }, async () => {
  const socket = connect({ host: '127.0.0.1', port: kernel.port });
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.write('GET /api/v1/open HTTP/1.1\r\nHost: localhost\r\nX-A: ');
  await once(socket, 'close');
  expect(parseAnswers(text)[0]?.status).toBe(408);
  expect(fieldsOf(parseAnswers(text)[0]!.body)).toBe('REQUEST_TIMEOUT');
});
