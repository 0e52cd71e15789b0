import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { signHead } from '@idp/auth';
import { testAccess, testPorts } from './kernel.ts';

/** What a process of a service needs of an auth that is elsewhere. */
export interface OtherAuth {
  url: string;
  /** Settings `AUTH_URL` and `SERVICE_KEY_FILE`. */
  settings: Record<'AUTH_URL' | 'SERVICE_KEY_FILE', string>;
  close(): void;
}

/** Answers what another service asks auth for: keys, a token of its own, and access of tenants it knows nothing of. */
export async function openOtherAuth(directory: string): Promise<OtherAuth> {
  const access = generateKeyPairSync('ed25519');
  const own = generateKeyPairSync('ed25519');
  const keyFile = join(directory, 'key.json');
  await writeFile(keyFile, JSON.stringify({ ...own.privateKey.export({ format: 'jwk' }), kid: 'catalog-1' }));

  async function answer(url: string): Promise<object> {
    if (url === '/.well-known/jwks.json') return { keys: await testPorts.jwks.keys() };
    if (url === '/internal/v1/token') return { data: { token: 'service-token', expiresIn: 300 } };
    if (url === '/internal/v1/verification-keys') {
      return { keys: [{ ...access.publicKey.export({ format: 'jwk' }), kid: 'access-1', use: 'access' }] };
    }
    const { head, changed } = testAccess.sealed(url.slice('/internal/v1/access/'.length));
    return { data: { head: signHead(head, { kid: 'access-1', privateKey: access.privateKey }), shards: changed } };
  }

  const server = createServer((req, res) => void answer(req.url!).then((body) => res.end(JSON.stringify(body))));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, settings: { AUTH_URL: url, SERVICE_KEY_FILE: keyFile }, close: () => void server.close() };
}
