import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoRoutes } from './demo-routes.ts';
import { startKernel, type Kernel } from './kernel.ts';

let kernel: Kernel;
let token: string;

beforeAll(async () => {
  kernel = await startKernel([demoRoutes]);
  token = await kernel.tokenOf('member');
});
afterAll(() => kernel[Symbol.asyncDispose]());

interface Answer {
  status: number;
  body: {
    data?: Record<string, unknown>;
    error?: { code: string; details?: { issues: { path: string; code?: string }[] } };
  };
}

async function post(
  body: string | Uint8Array | undefined,
  headers: Record<string, string | null> = {},
): Promise<Answer> {
  const all: Record<string, string> = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) delete all[name];
    else all[name] = value;
  }
  const init: RequestInit = { method: 'POST', headers: all };
  // A Blob without type keeps fetch from adding a content type of its own.
  if (body !== undefined) init.body = new Blob([body as string]);
  const answer = await fetch(`${kernel.origin}/api/v1/things`, init);
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

async function list(query: string): Promise<{ status: number; query?: unknown; issues?: { path: string }[] }> {
  const answer = await fetch(`${kernel.origin}/api/v1/things?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const body = (await answer.json()) as {
    data?: { query: unknown }[];
    error?: { details?: { issues: { path: string }[] } };
  };
  const issues = body.error?.details?.issues;
  return { status: answer.status, query: body.data?.[0]?.query, ...(issues !== undefined && { issues }) };
}

describe('media type', () => {
  test.each([
    ['none', null],
    ['text/plain', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['multipart', 'multipart/form-data; boundary=x'],
    ['two values', 'application/json, text/plain'],
    ['another charset', 'application/json; charset=utf-16'],
    ['charset utf-7', 'application/json;charset="utf-7"'],
  ])('%s is 415', async (_name, type) => {
    const { status, body } = await post('{"name":"n"}', { 'content-type': type });
    expect(status).toBe(415);
    expect(body.error?.code).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  test.each(['application/json; charset=utf-8', 'application/json; charset="UTF-8"', 'Application/JSON'])(
    '%s is taken',
    async (type) => {
      expect((await post('{"name":"n"}', { 'content-type': type })).status).toBe(201);
    },
  );

  test.each([
    ['gzip', gzipSync('{"name":"n"}')],
    ['deflate', Buffer.from('garbage')],
    ['gzip', Buffer.from('{"name":"n"}')],
  ])('content encoding %s is 415', async (encoding, body) => {
    expect((await post(body, { 'content-encoding': encoding })).status).toBe(415);
  });
});

describe('JSON', () => {
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
  test.each([
    ['nothing', ''],
    ['a fragment', '{"name":'],
    ['trailing text', '{"name":"n"}x'],
    ['two documents', '{"name":"n"}{"name":"n"}'],
    ['a comment', '{/*x*/"name":"n"}'],
    ['single quotes', "{'name':'n'}"],
    ['a byte order mark', '\ufeff{"name":"n"}'],
    ['invalid UTF-8', bytes('eyJuYW1lIjoi//4ifQ==')],
    ['overlong UTF-8', bytes('eyJuYW1lIjoiwK7AriJ9')],
    ['a member twice', '{"name":"a","name":"b"}'],
    ['a member twice, once escaped', '{"name":"a","n\\u0061me":"b"}'],
    ['__proto__', '{"name":"n","extra":{"__proto__":{"isAdmin":true}}}'],
    ['constructor', '{"name":"n","extra":{"constructor":{"prototype":{"x":1}}}}'],
    ['1e400', '{"name":"n","ratio":1e400}'],
    ['-0', '{"name":"n","size":-0}'],
    ['1e-400', '{"name":"n","ratio":1e-400}'],
    ['NaN', '{"name":"n","ratio":NaN}'],
    ['hexadecimal', '{"name":"n","size":0x10}'],
    ['a leading zero', '{"name":"n","size":01}'],
    ['an integer no double holds', '{"name":"n","size":9007199254740993}'],
    ['a lone surrogate', '{"name":"n","note":"\\ud800"}'],
    ['NUL', '{"name":"n","note":"a\\u0000b"}'],
    ['a control where any JSON goes', '{"name":"n","extra":{"x":"\\u001b[31m"}}'],
    ['C1', '{"name":"n","note":"a\u0085b"}'],
    ['a list for the object', '[]'],
    ['null', 'null'],
  ])('%s is 400 and names the body', async (_name, body) => {
    const { status, body: answer } = await post(body);
    expect(status).toBe(400);
    expect(answer.error?.code).toBe('VALIDATION_ERROR');
    expect(answer.error?.details?.issues[0]?.path).toMatch(/^body/);
  });

  test.each([
    ['a string for a number', '{"name":"n","size":"1"}', 'body.size'],
    ['a string for a boolean', '{"name":"n","active":"true"}', 'body.active'],
    ['null for a string', '{"name":null}', 'body.name'],
    ['an object for a string', '{"name":{"$ne":null}}', 'body.name'],
    ['a member of the server', '{"name":"n","tenantId":"x"}', 'body.tenantId'],
    ['an empty name', '{"name":"n","":1}', 'body.'],
    ['a blank name', '{"name":" "}', 'body.name'],
    ['a line end in a name', '{"name":"a\\r\\nSet-Cookie: x=1"}', 'body.name'],
    ['a direction override in a name', '{"name":"\\u202egnp.exe"}', 'body.name'],
    ['a day that is none', '{"name":"n","at":"2026-02-30T00:00:00Z"}', 'body.at'],
    ['a leap second', '{"name":"n","at":"2026-06-30T23:59:60Z"}', 'body.at'],
    ['an offset that is none', '{"name":"n","at":"2026-01-01T00:00:00+99:99"}', 'body.at'],
    ['a time without offset', '{"name":"n","at":"2026-01-01T00:00:00"}', 'body.at'],
    ['a year far away', '{"name":"n","at":"275760-09-13T00:00:00.001Z"}', 'body.at'],
  ])('%s is 400 and named', async (_name, body, path) => {
    const { status, body: answer } = await post(body);
    expect(status).toBe(400);
    expect(answer.error?.details?.issues.map((issue) => issue.path)).toContain(path);
  });

  test.each(['{{7*7}}', '"><img src=x>', '1); DROP TABLE users;--', 'a\u2028b', '👨‍👩‍👧‍👦', 'a\r\nb\tc', '%00'])(
    'text %j comes back byte for byte',
    async (note) => {
      const { status, body } = await post(JSON.stringify({ name: 'n', note }));
      expect(status).toBe(201);
      expect(body.data?.['note']).toBe(note);
    },
  );

  test('messages never quote the input', async () => {
    for (const body of ['{"name":"n","size":"hunter2secret"}', '{"name":"n" hunter2secret}']) {
      expect(JSON.stringify((await post(body)).body)).not.toContain('hunter2');
    }
  });

  test('a body on an operation that takes none is 400', async () => {
    const answer = await fetch(`${kernel.origin}/api/v1/things/0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"x":1}',
    });
    expect(answer.status).toBe(400);
  });

  test('an empty JSON body on such an operation is fine', async () => {
    const answer = await fetch(`${kernel.origin}/api/v1/things/0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(204);
  });
});

describe('query', () => {
  test('is read by declared type', async () => {
    const { query } = await list('limit=7&deep=false&status=gone&q=10');
    expect(query).toEqual({ limit: 7, deep: false, status: ['gone'], q: '10' });
  });

  test('a blank may be a plus', async () => {
    expect((await list('q=a+b%2Bc')).query).toMatchObject({ q: 'a b+c' });
  });

  test.each([
    'isAdmin=true',
    'limit=1&limit=2',
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=0x10',
    'limit=+1',
    'limit=',
    'deep=1',
    'deep=TRUE',
    'status=other',
    'q=%zz',
    'q=%ff',
    'q=%c0%ae',
    'q=%00',
    'q=%1b',
    '__proto__[admin]=1',
    '__proto__=1',
    'constructor=1',
    'q[]=1',
  ])('%s is 400', async (query) => {
    const { status, issues } = await list(query);
    expect(status).toBe(400);
    expect(issues?.[0]?.path).toMatch(/^query/);
  });

  test('a repeated parameter is a list where one is declared', async () => {
    expect((await list('status=active&status=gone')).query).toMatchObject({ status: ['active', 'gone'] });
  });
});

describe('ids', () => {
  const get = (id: string) =>
    fetch(`${kernel.origin}/api/v1/things/${id}`, { headers: { authorization: `Bearer ${token}` } });

  test('are lower-cased', async () => {
    const answer = await get('0192A3B4-5C6D-7E8F-9A0B-1C2D3E4F5A6B');
    expect(await answer.json()).toMatchObject({ data: { id: '0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b' } });
  });

  test.each([
    '00000000-0000-0000-0000-000000000000',
    '%7B0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b%7D',
    'urn:uuid:0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b',
    '0192a3b45c6d7e8f9a0b1c2d3e4f5a6b',
    'x',
  ])('%s is 400', async (id) => {
    expect((await get(id)).status).toBe(400);
  });

  test('a stray line end is 404: no route has it', async () => {
    expect((await get('0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b%0a')).status).toBe(404);
  });
});
