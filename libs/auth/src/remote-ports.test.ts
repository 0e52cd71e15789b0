import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { platformTenantId } from '@idp/contracts';
import { remotePorts } from './remote-ports.ts';
import type { Principal } from './principal.ts';

let server: Server;
let authUrl: string;
let requests: { url: string; authorization: string | undefined }[];
let answer: { status: number; body: string; headers?: Record<string, string> };

beforeEach(async () => {
  requests = [];
  answer = { status: 200, body: '{}' };
  server = createServer((req, res) => {
    requests.push({ url: req.url ?? '', authorization: req.headers.authorization });
    res.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  authUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const principal = { token: 'abc', tenantId: '0192a3b4-5c6d-7e8f-9a0b-00000000000a' } as Principal;

test('roles come from the principal itself, asked once for concurrent callers', async () => {
  answer.body = JSON.stringify({ data: { roles: ['member', 'platform-admin', 'made-up'] }, meta: {} });
  const { access } = remotePorts({ authUrl });
  const answers = await Promise.all([access.rolesOf(principal), access.rolesOf(principal)]);
  expect(answers).toEqual([['member'], ['member']]);
  expect(requests).toEqual([{ url: '/api/v1/auth/me', authorization: 'Bearer abc' }]);
});

test('an administrator of the platform holds in the platform tenant what an owner holds in a tenant', async () => {
  answer.body = JSON.stringify({ data: { roles: ['platform-admin', 'toString'] }, meta: {} });
  const { access } = remotePorts({ authUrl });
  expect(await access.rolesOf({ ...principal, tenantId: platformTenantId })).toEqual(['tenant-owner']);
});

test('a refused token has no roles', async () => {
  answer = { status: 401, body: '{}' };
  expect(await remotePorts({ authUrl }).access.rolesOf(principal)).toEqual([]);
});

test.each([
  ['an error', 500, '{}'],
  ['another shape', 200, '{"data":{}}'],
  ['no JSON', 200, '<html>'],
])('%s is 503 and is asked again', async (_name, status, body) => {
  answer = { status, body };
  const { access } = remotePorts({ authUrl });
  await expect(access.rolesOf(principal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  answer = { status: 200, body: '{"data":{"roles":["viewer"]}}' };
  expect(await access.rolesOf(principal)).toEqual(['viewer']);
});

test('a redirect is not followed: the token stays with auth', async () => {
  answer = { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/elsewhere' } };
  await expect(remotePorts({ authUrl }).access.rolesOf(principal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(requests).toHaveLength(1);
});

test('keys come from the key document', async () => {
  const key = { kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'k1', alg: 'EdDSA', use: 'sig' };
  answer.body = JSON.stringify({ keys: [key] });
  expect(await remotePorts({ authUrl }).jwks.keys()).toEqual([key]);
  expect(requests).toEqual([{ url: '/.well-known/jwks.json', authorization: undefined }]);
});

test('an auth service that is not there is 503', async () => {
  const { jwks } = remotePorts({ authUrl: 'http://127.0.0.1:9' });
  await expect(jwks.keys()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
