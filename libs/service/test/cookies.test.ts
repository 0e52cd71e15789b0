import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoRoutes } from './demo-routes.ts';
import { publicUrl, startKernel, type Kernel } from './kernel.ts';

const csrf = 'a value that only the page can read';
const xsrf = createHash('sha256').update(csrf).digest('base64url');

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel([demoRoutes]);
});
afterAll(() => kernel[Symbol.asyncDispose]());

async function call(method: string, path: string, headers: Record<string, string>) {
  const answer = await fetch(`${kernel.origin}${path}`, {
    method,
    headers: { ...headers, ...(method === 'POST' && { 'content-type': 'application/json' }) },
    ...(method === 'POST' && { body: '{"name":"n"}' }),
  });
  const body = (await answer.json()) as { error?: { code: string } };
  return body.error?.code ?? answer.status;
}

const cookieOf = async (claims: Record<string, unknown> = { xsrf }) =>
  `idp_at=${await kernel.tokenOf('member', claims)}`;

describe('the access cookie', () => {
  test('is a credential where no header is', async () => {
    expect(await call('GET', '/api/v1/whoami', { cookie: `theme=dark; ${await cookieOf()}` })).toBe(200);
  });

  test('is ignored beside a header, whatever the header is worth', async () => {
    const cookie = await cookieOf();
    expect(await call('GET', '/api/v1/whoami', { cookie, authorization: 'Bearer no' })).toBe('INVALID_TOKEN');
    const authorization = `Bearer ${await kernel.tokenOf('member')}`;
    expect(await call('POST', '/api/v1/things', { cookie: 'idp_at=no', authorization })).toBe(201);
  });

  test('twice is 400, and of the other form none at all', async () => {
    const cookie = await cookieOf();
    expect(await call('GET', '/api/v1/whoami', { cookie: `${cookie}; ${cookie}` })).toBe('VALIDATION_ERROR');
    expect(await call('GET', '/api/v1/whoami', { cookie: `__Host-${cookie}` })).toBe('AUTH_REQUIRED');
    expect(await call('GET', '/api/v1/whoami', { cookie: `x${cookie}` })).toBe('AUTH_REQUIRED');
  });

  test('holds no API key', async () => {
    expect(await call('GET', '/api/v1/whoami', { cookie: `idp_at=idp_key_1` })).toBe('INVALID_TOKEN');
  });

  test('over HTTPS has the prefixed name', async () => {
    await using https = await startKernel([demoRoutes], { publicUrl: 'https://idp.test' });
    const token = await https.tokenOf('member');
    const by = async (name: string) =>
      (await fetch(`${https.origin}/api/v1/whoami`, { headers: { cookie: `${name}=${token}` } })).status;
    expect([await by('__Host-idp_at'), await by('idp_at')]).toEqual([200, 401]);
  });
});

describe('a change by cookie', () => {
  test('needs the CSRF value of its session', async () => {
    const cookie = await cookieOf();
    expect(await call('POST', '/api/v1/things', { cookie, 'x-csrf-token': csrf })).toBe(201);
    expect(await call('POST', '/api/v1/things', { cookie })).toBe('CSRF_FAILED');
    expect(await call('POST', '/api/v1/things', { cookie, 'x-csrf-token': `${csrf}!` })).toBe('CSRF_FAILED');
    expect(await call('POST', '/api/v1/things', { cookie, 'x-csrf-token': xsrf })).toBe('CSRF_FAILED');
  });

  test('is refused with a token that was made for the header', async () => {
    const cookie = await cookieOf({});
    expect(await call('POST', '/api/v1/things', { cookie, 'x-csrf-token': csrf })).toBe('CSRF_FAILED');
  });

  test.each([
    ['the page of the platform', { origin: publicUrl }, 201],
    ['the same origin', { 'sec-fetch-site': 'same-origin' }, 201],
    ['a bookmark', { 'sec-fetch-site': 'none' }, 201],
    ['another page', { origin: 'https://evil.test' }, 'CSRF_FAILED'],
    ['a sandboxed page', { origin: 'null' }, 'CSRF_FAILED'],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 'CSRF_FAILED'],
    ['a sibling', { 'sec-fetch-site': 'same-site', origin: 'http://evil.idp.test' }, 'CSRF_FAILED'],
    ['a longer name', { origin: `${publicUrl}.evil.test` }, 'CSRF_FAILED'],
  ])('from %s', async (_name, headers, outcome) => {
    const cookie = await cookieOf();
    expect(await call('POST', '/api/v1/things', { cookie, 'x-csrf-token': csrf, ...headers })).toBe(outcome);
  });

  test('reading needs none of it', async () => {
    const cookie = await cookieOf();
    expect(await call('GET', '/api/v1/whoami', { cookie, 'sec-fetch-site': 'cross-site' })).toBe(200);
  });
});
