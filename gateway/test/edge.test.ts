import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorCatalogue } from '@idp/errors';
import type { ServiceHealth } from '../edge/health.ts';
import { bearer, startGateway, type StartedGateway } from './start-gateway.ts';

let gateway: StartedGateway;
let services: ServiceHealth[] = [];

beforeAll(async () => {
  const documents = {
    merged: () => Promise.resolve({ openapi: '3.1.0', info: { title: 'all' } }),
    service: (name: string) => Promise.resolve(name === 'auth' ? { info: { title: 'auth' } } : undefined),
  };
  gateway = await startGateway({ edgeOptions: { health: () => Promise.resolve(services), documents } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe('health', () => {
  const ok = { name: 'auth', status: 'ok', version: '1' } as const;
  const down = { name: 'catalog', status: 'down', version: '1' } as const;

  test.each([
    [[down], 'down'],
    [[ok, down], 'degraded'],
    [[], 'down'],
    [[ok, { ...down, status: 'degraded' as const }], 'degraded'],
    [[ok], 'ok'],
  ])('%j is %s, always with 200, and names no service to strangers', async (state, status) => {
    services = state;
    const response = await gateway.fetch('/api/v1/health');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: { status }, meta: expect.anything() });
    // With good news kept for two seconds the signed-in form shows the same state.
    const signedIn = await gateway.fetch('/api/v1/health', { headers: bearer });
    expect(await signedIn.json()).toMatchObject({ data: { status, services: state } });
  });
});

describe('documents', () => {
  test('the merged one as JSON and YAML, and one of a service', async () => {
    const json = await gateway.fetch('/api/openapi.json');
    expect(json.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await json.json()).toMatchObject({ info: { title: 'all' } });
    expect(await (await gateway.fetch('/api/openapi.yaml')).text()).toContain('title: all');
    expect(await (await gateway.fetch('/api/openapi/auth.json')).json()).toMatchObject({ info: { title: 'auth' } });
    expect((await gateway.fetch('/api/openapi/none.json')).status).toBe(404);
    expect((await gateway.fetch('/api/openapi/auth')).status).toBe(404);
  });

  test('an unchanged document is 304 in each encoding', async () => {
    for (const encoding of ['identity', 'gzip']) {
      const headers = { 'accept-encoding': encoding };
      const first = await gateway.fetch('/api/openapi.json', { headers });
      await first.text();
      const etag = first.headers.get('etag')!;
      const again = await gateway.fetch('/api/openapi.json', { headers: { ...headers, 'if-none-match': etag } });
      expect({ status: again.status, body: await again.text(), etag: again.headers.get('etag') }).toEqual({
        status: 304,
        body: '',
        etag,
      });
      expect(first.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
    }
  });

  test('other methods are 405', async () => {
    const response = await gateway.fetch('/api/openapi.json', { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('pages', () => {
  test.each(['/docs', '/docs/swagger', '/docs/errors'])(
    '%s loads only our own files and no inline script',
    async (path) => {
      const response = await gateway.fetch(path);
      const page = await response.text();
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const policy = response.headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(response.headers.get('x-frame-options')).toBe('DENY');
      expect(page).not.toMatch(/<script(?![^>]* src=)|https?:\/\//);
      const files = [...page.matchAll(/(?:src|href)="(\/docs\/assets\/[^"]+)"/g)].map((match) => match[1]!);
      expect(files.length).toBeGreaterThan(1);
      for (const file of files) {
        const asset = await gateway.fetch(file);
        expect(asset.status).toBe(200);
        expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
        expect((await asset.arrayBuffer()).byteLength).toBeGreaterThan(100);
      }
    },
  );

  test('the viewers come whole', async () => {
    const page = await (await gateway.fetch('/docs')).text();
    const bundle = /src="(\/docs\/assets\/scalar\.[^"]+)"/.exec(page)![1]!;
    const zipped = await gateway.fetch(bundle, { headers: { 'accept-encoding': 'gzip' } });
    const plain = await gateway.fetch(bundle, { headers: { 'accept-encoding': 'identity' } });
    const script = await plain.text();
    expect(script).toContain('createApiReference');
    expect(await zipped.text()).toBe(script);
  });

  test('an asset of another content is 404', async () => {
    expect((await gateway.fetch('/docs/assets/scalar.000000000000.js')).status).toBe(404);
    expect((await gateway.fetch('/docs/assets/../pages.ts')).status).toBe(404);
  });

  test('the error page has an anchor for every code', async () => {
    const page = await (await gateway.fetch('/docs/errors')).text();
    for (const code of Object.keys(errorCatalogue)) expect(page).toContain(`id="${code}"`);
  });

  test('without exposed documentation the pages are 404, the documents stay', async () => {
    await using closed = await startGateway({ edgeOptions: { exposeDocs: false } });
    expect((await closed.fetch('/docs')).status).toBe(404);
    expect((await closed.fetch('/api/openapi.json')).status).toBe(200);
  });
});

test('security.txt names a contact and a date within the next year', async () => {
  const response = await gateway.fetch('/.well-known/security.txt');
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const fields = new Map(
    (await response.text())
      .trim()
      .split('\n')
      .map((line) => line.split(': ', 2) as [string, string]),
  );
  expect(fields.get('Contact')).toBe('mailto:security@example.org');
  const days = (Date.parse(fields.get('Expires')!) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(100);
  expect(days).toBeLessThan(365);
});
