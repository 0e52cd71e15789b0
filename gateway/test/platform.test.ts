import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestTenant } from '@idp/testing';
import { operationsOf, type OpenApiDocument } from '../generate/document.ts';
import { checkRoutes } from '../generate/openapi.ts';
import { startPlatform, type TestPlatform } from './start-platform.ts';

let platform: TestPlatform;
let tenant: TestTenant;

beforeAll(async () => {
  platform = await startPlatform();
  tenant = await platform.fleet.tenant('acme');
});
afterAll(() => platform[Symbol.asyncDispose]());

describe('documents', () => {
  const merged = async () => (await (await platform.gateway.fetch('/api/openapi.json')).json()) as OpenApiDocument;

  test('routes and services agree', async () => {
    const documents: Record<string, OpenApiDocument> = {};
    for (const service of platform.fleet.services)
      documents[service.name] = (await service.openapi()) as OpenApiDocument;
    expect(checkRoutes(documents)).toEqual([]);
  });

  test('the merged document is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(await merged()) as never);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  test('operation ids are unique and every reference resolves', async () => {
    const document = await merged();
    const ids = operationsOf(document).map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('getHealth');
    for (const [, section, name] of JSON.stringify(document).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
      expect(document.components![section!], `${section}/${name}`).toHaveProperty([name!]);
    }
  });

  test('each service has a document of its own', async () => {
    for (const name of ['auth', 'catalog', 'edge']) {
      const response = await platform.gateway.fetch(`/api/openapi/${name}.json`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ openapi: '3.1.0' });
    }
  });
});

describe('the home page', () => {
  const home = async (headers: Record<string, string>) =>
    ((await (await platform.gateway.fetch('/api/v1/home', { headers })).json()) as { data: Record<string, object> })
      .data;

  test('has a section for each service that is there, as the caller would get it', async () => {
    const other = await platform.fleet.tenant('globex');
    const create = { name: 'home-checkout', ownerRef: 'group:default/payments' };
    const made = await platform.gateway.fetch('/api/v1/services', {
      method: 'POST',
      headers: { ...tenant.admin.headers, 'content-type': 'application/json' },
      body: JSON.stringify(create),
    });
    expect(made.status).toBe(201);
    const own = await home(tenant.viewer.headers);
    expect(Object.keys(own)).toEqual(['me', 'services']);
    expect(own).toMatchObject({
      me: { status: 'ok', data: { email: tenant.viewer.email } },
      services: { status: 'ok', data: expect.arrayContaining([expect.objectContaining({ name: create.name })]) },
    });
    expect(await home(other.viewer.headers)).toMatchObject({
      me: { status: 'ok', data: { email: other.viewer.email } },
      services: { status: 'ok', data: [] },
    });
  });
});

describe('requests through the gateway', () => {
  test('a token of the real auth service is accepted at the door and by the service behind it', async () => {
    const response = await platform.gateway.fetch('/api/v1/auth/me', { headers: tenant.viewer.headers });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ data: { email: tenant.viewer.email, roles: ['viewer'] } });
  });

  test('the ids of the answer are those of the access log', async () => {
    const response = await platform.gateway.fetch('/api/v1/auth/me', { headers: tenant.viewer.headers });
    const { meta } = (await response.json()) as { meta: { requestId: string; traceId: string } };
    expect(response.headers.get('x-request-id')).toBe(meta.requestId);
    await expect
      .poll(() => platform.gateway.log.find((line) => line['requestId'] === meta.requestId))
      .toMatchObject({
        traceId: meta.traceId,
        tenantId: tenant.tenantId,
        subject: tenant.viewer.id,
      });
  });

  test("a service's own 404 and 405 pass unchanged", async () => {
    const missing = await platform.gateway.fetch('/api/v1/auth/nothing', { headers: tenant.viewer.headers });
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { code: 'NOT_FOUND' } });
    const method = await platform.gateway.fetch('/api/v1/auth/me', {
      method: 'DELETE',
      headers: tenant.viewer.headers,
    });
    expect(method.status).toBe(405);
    expect(method.headers.get('allow')).toContain('GET');
  });

  test('an unversioned path names its dependency on the header beside those of the service', async () => {
    const response = await platform.gateway.fetch('/api/auth/me', { headers: tenant.viewer.headers });
    expect(response.headers.get('link')).toBe('</api/v1/auth/me>; rel="canonical"');
    const services = await platform.gateway.fetch('/api/services', { headers: tenant.viewer.headers });
    expect(services.status).toBe(200);
    expect(services.headers.get('vary')).toMatch(/Authorization.*, API-Version$/);
  });

  test('a body of 10 MB is 413, announced or in chunks, and changes nothing', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024, 'x');
    const announced = await rawPost('/api/v1/services', `Content-Length: ${body.length}\r\n`, '');
    expect(announced).toMatch(/^HTTP\/1\.1 413 /);
    const chunk = `${body.length.toString(16)}\r\n${body.toString()}\r\n0\r\n\r\n`;
    const chunked = await rawPost('/api/v1/services', 'Transfer-Encoding: chunked\r\n', chunk);
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    expect(chunked).toContain('PAYLOAD_TOO_LARGE');
  });

  test('a forged tenant header changes nothing', async () => {
    const forged = { ...tenant.viewer.headers, 'x-tenant-id': '00000000-0000-7000-8000-000000000000' };
    const response = await platform.gateway.fetch('/api/v1/auth/me', { headers: forged });
    expect(await response.json()).toMatchObject({ data: { tenant: { id: tenant.tenantId } } });
  });
});

function rawPost(path: string, headers: string, body: string): Promise<string> {
  const authorization = `Authorization: ${tenant.member.headers['authorization']}\r\n`;
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
  return platform.gateway.raw(`${head}${authorization}${headers}\r\n${body}`);
}
