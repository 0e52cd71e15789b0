import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { remotePorts } from './remote-ports.ts';
import { readServiceKey } from './service-tokens/assertion.ts';

const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });

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

const serviceKey = await readServiceKey('catalog', JSON.stringify({ ...(await exportJWK(pair.privateKey)), kid: 'k' }));

test.each([
  ['an error', 500, '{}'],
  ['another shape', 200, '{"data":{}}'],
  ['no JSON', 200, '<html>'],
])('%s is 503', async (_name, status, body) => {
  answer = { status, body };
  await expect(remotePorts({ authUrl, serviceKey }).jwks.keys()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('keys come from the key document', async () => {
  const key = { kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'k1', alg: 'EdDSA', use: 'sig' };
  answer.body = JSON.stringify({ keys: [key] });
  expect(await remotePorts({ authUrl, serviceKey }).jwks.keys()).toEqual([key]);
  expect(requests).toEqual([{ url: '/.well-known/jwks.json', authorization: undefined }]);
});

test('an auth service that is not there is 503', async () => {
  const { jwks } = remotePorts({ authUrl: 'http://127.0.0.1:9', serviceKey });
  await expect(jwks.keys()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a token that is refused is replaced, once for all who were refused with it', async () => {
  const exchanged: string[] = [];
  const verifiedBy: (string | undefined)[] = [];
  server.removeAllListeners('request');
  server.on('request', (req, res) => {
    if (req.url === '/internal/v1/token') {
      exchanged.push(`token-${exchanged.length}`);
      return res.end(JSON.stringify({ data: { token: exchanged.at(-1), expiresIn: 300 } }));
    }
    const { authorization } = req.headers;
    verifiedBy.push(authorization);
    // The key that signed the first one is revoked.
    return res.writeHead(authorization === 'Bearer token-0' ? 401 : 404).end('{}');
  });
  const { apiKeys } = remotePorts({ authUrl, serviceKey });
  const verify = () => apiKeys.verify({ kid: '00000000', secretHash: 'x'.repeat(43) });
  expect(await Promise.all([verify(), verify(), verify()])).toEqual([undefined, undefined, undefined]);
  expect(exchanged).toEqual(['token-0', 'token-1']);
  expect(verifiedBy.filter((by) => by === 'Bearer token-1')).toHaveLength(3);
});

test('who is refused with every token is 503', async () => {
  server.removeAllListeners('request');
  server.on('request', (req, res) => {
    if (req.url === '/internal/v1/token')
      return res.end(JSON.stringify({ data: { token: `token-${Math.random()}`, expiresIn: 300 } }));
    requests.push({ url: req.url ?? '', authorization: req.headers.authorization });
    return res.writeHead(401).end('{}');
  });
  const { apiKeys } = remotePorts({ authUrl, serviceKey });
  await expect(apiKeys.verify({ kid: '00000000', secretHash: 'x' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(requests).toHaveLength(2);
});
