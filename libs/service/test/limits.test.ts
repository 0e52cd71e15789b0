import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoRoutes } from './demo-routes.ts';
import { startKernel, type Kernel } from './kernel.ts';
import { rawRequest, sendRaw } from './raw.ts';

let kernel: Kernel;
let token: string;

beforeAll(async () => {
  kernel = await startKernel([demoRoutes]);
  token = await kernel.tokenOf('member');
});
afterAll(() => kernel[Symbol.asyncDispose]());

const base = ['Host: localhost', 'Connection: close'];
const raw = async (line: string, headers: string[], body = '') =>
  (await sendRaw(kernel.port, rawRequest(line, headers, body)))[0];

/** The status of a POST whose `extra` member holds this JSON text. */
async function post(extra: string): Promise<number> {
  return (await postBody(`{"name":"n","extra":{"v":${extra}}}`)).status;
}

function postBody(body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${kernel.origin}/api/v1/things`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body,
  });
}

describe('request head', () => {
  test.each([
    [8191, 404],
    [8192, 404],
    [8193, 414],
    // Above 32 KiB the parser itself gives up.
    [32_768, 414],
    [110_000, 414],
    [1_000_000, 414],
  ])('a target of %i bytes: %i', async (length, status) => {
    const target = `/api/v1/${'a'.repeat(length - 8)}`;
    expect((await raw(`GET ${target} HTTP/1.1`, base))?.status).toBe(status);
  });

  test.each([
    [99, 200],
    [100, 200],
    [101, 431],
    [1000, 431],
  ])('%i headers: %i', async (count, status) => {
    const headers = [...base, ...Array.from({ length: count - 2 }, (_, n) => `x-${n}: a`)];
    const answer = await raw('GET /api/v1/open HTTP/1.1', headers);
    expect(answer?.status).toBe(status);
    expect(answer?.headers['x-error-code']).toBe(status === 431 ? 'HEADERS_TOO_LARGE' : undefined);
  });

  test.each([
    [16_383, 200],
    [16_384, 200],
    [16_385, 431],
    [70_000, 431],
  ])('%i bytes of headers: %i', async (bytes, status) => {
    const used = base.reduce((sum, line) => sum + line.length + 2, 0);
    const filler = `x-a: ${'a'.repeat(bytes - used - 'x-a: '.length - 2)}`;
    const answer = await raw('GET /api/v1/open HTTP/1.1', [...base, filler]);
    expect(answer?.status).toBe(status);
    expect(JSON.parse(answer!.body).error?.code).toBe(status === 431 ? 'HEADERS_TOO_LARGE' : undefined);
  });

  test.each([
    [99, 200],
    [100, 200],
    [101, 400],
  ])('%i query pairs: %i', async (pairs, status) => {
    const query = Array.from({ length: pairs }, () => 'status=active').join('&');
    const answer = await fetch(`${kernel.origin}/api/v1/things?${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(status);
  });

  test.each([
    [255, 201],
    [256, 400],
    [0, 400],
  ])('an idempotency key of %i characters: %i', async (length, status) => {
    expect((await postBody('{"name":"n"}', { 'idempotency-key': 'k'.repeat(length) })).status).toBe(status);
  });

  test('an idempotency key with a tab is 400', async () => {
    expect((await postBody('{"name":"n"}', { 'idempotency-key': 'a\tb' })).status).toBe(400);
  });
});

describe('body', () => {
  const mebibyte = 1024 * 1024;
  /** A body of exactly this many bytes, in texts below their own limit. */
  function bodyOf(bytes: number): string {
    const texts = Array.from({ length: 18 }, () => 'a'.repeat(58_000));
    const body = JSON.stringify({ name: 'n', extra: { v: texts } });
    return body.replace('a'.repeat(58_000), 'a'.repeat(58_000 + bytes - body.length));
  }

  test.each([
    [mebibyte - 1, 201],
    [mebibyte, 201],
    [mebibyte + 1, 413],
  ])('%i bytes: %i', async (bytes, status) => {
    const body = bodyOf(bytes);
    expect(Buffer.byteLength(body)).toBe(bytes);
    const answer = await postBody(body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-error-code')).toBe(status === 413 ? 'PAYLOAD_TOO_LARGE' : null);
  });

  test('a chunked body is cut where it passes the limit', async () => {
    const chunk = `${(65_536).toString(16)}\r\n${'a'.repeat(65_536)}\r\n`;
    const head = rawRequest('POST /api/v1/things HTTP/1.1', [
      'Host: localhost',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ]);
    const [answer] = await sendRaw(kernel.port, head + chunk.repeat(17));
    expect(answer?.status).toBe(413);
    expect(answer?.headers['connection']).toBe('close');
  });

  test.each([
    // The body and `extra` are two levels of their own.
    [29, 201],
    [30, 201],
    [31, 400],
    [10_000, 400],
  ])('%i nested arrays inside two objects: %i', async (depth, status) => {
    expect(await post('['.repeat(depth) + ']'.repeat(depth))).toBe(status);
  });

  test.each([
    [999, 201],
    [1000, 201],
    [1001, 400],
  ])('%i members: %i', async (count, status) => {
    expect(await post(`{${Array.from({ length: count }, (_, n) => `"m${n}":1`).join()}}`)).toBe(status);
  });

  test.each([
    [999, 201],
    [1000, 201],
    [1001, 400],
  ])('%i items: %i', async (count, status) => {
    expect(await post(`[${Array.from({ length: count }, () => 1).join()}]`)).toBe(status);
  });

  test.each([
    [65_535, 201],
    [65_536, 201],
    [65_537, 400],
  ])('a text of %i bytes: %i', async (bytes, status) => {
    expect(await post(`"${'a'.repeat(bytes)}"`)).toBe(status);
    // Two bytes each, and an escape that is longer than what it stands for.
    expect(await post(`"${'é'.repeat(Math.floor(bytes / 2))}${bytes % 2 === 1 ? '\\n' : ''}"`)).toBe(status);
  });

  test.each([
    [31, 201],
    [32, 201],
    [33, 400],
  ])('a number of %i characters: %i', async (length, status) => {
    expect(await post(`0.${'1'.repeat(length - 2)}`)).toBe(status);
  });

  test.each([
    [49_999, 201],
    [50_000, 201],
    [50_001, 400],
  ])('%i values in all: %i', async (values, status) => {
    // Of the body itself: the object, name, extra, and v; 50 lists of up to 999 items.
    let left = values - 4;
    const lists: string[] = [];
    while (left > 0) {
      const items = Math.min(left - 1, 999);
      lists.push(`[${Array.from({ length: items }, () => 0).join()}]`);
      left -= items + 1;
    }
    expect(await post(`[${lists.join()}]`)).toBe(status);
  });
});

test('the thousandth request on a socket is its last', async () => {
  const one = rawRequest('GET /api/v1/open HTTP/1.1', ['Host: localhost']);
  const answers = await sendRaw(kernel.port, one.repeat(1000), { idleMs: 2000 });
  expect(answers).toHaveLength(1000);
  expect(answers.every((answer) => answer.status === 200)).toBe(true);
  expect(answers.at(-2)?.headers['connection']).not.toBe('close');
  expect(answers.at(-1)?.headers['connection']).toBe('close');
});
