import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readServiceKey, remotePorts } from '@idp/auth';
import { defineService, envelope, startService, type RunningService } from '@idp/service';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { revokeSigningKey } from '../../src/operations/credentials/signing-keys.ts';
import { send } from '../support/http-client.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

vi.setConfig({ testTimeout: 120_000 });
/** On a busy machine a record may take its time to the bus and back. */
const patient = { timeout: 90_000, interval: 50 };

let directory: string;
let auth: RunningAuth;
let catalog: RunningService;
let url: string;
let tenant: TestTenant;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-other-process-'));
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const file = join(directory, 'keys.json');
  await writeFile(file, JSON.stringify({ catalog: [{ ...(await exportJWK(pair.publicKey)), kid: 'catalog-1' }] }));
  const privateJwk = { ...(await exportJWK(pair.privateKey)), kid: 'catalog-1' };
  const key = await readServiceKey('catalog', JSON.stringify(privateJwk));
  auth = await startAuth({ env: { SERVICE_KEYS_FILE: file } });
  tenant = await makeTenant(auth, 'acme');
  await auth.service.events.drain({ timeoutMs: 120_000 });
  await mkdir(join(directory, 'migrations'));
  catalog = await startService(definitionOf(pathToFileURL(join(directory, 'migrations/'))), {
    ...auth.host,
    databaseUrls: auth.database.urlsFor('catalog'),
    remote: remotePorts({ authUrl: auth.url, serviceKey: key }),
    auth: { url: auth.url, key },
  });
  url = await catalog.app.listen({ host: '127.0.0.1', port: 0 });
}, 300_000);
afterAll(async () => {
  await catalog?.stop({ deadlineMs: 5_000 });
  await auth?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function definitionOf(migrations: URL) {
  return defineService({
    name: 'catalog',
    description: 'knows who is calling',
    config: z.object({}),
    migrations,
    permissions: {},
    createContext: () => ({}),
    routes: () => [
      async (app) => {
        app.get(
          '/api/v1/catalog/ping',
          {
            config: { access: 'authenticated' },
            schema: { operationId: 'ping', response: { 200: envelope(z.object({})) } },
          },
          async () => ({ data: {} }),
        );
      },
    ],
  });
}

const ping = async (token: string): Promise<number> =>
  (await send(url, 'GET', '/api/v1/catalog/ping', { token })).status;
const metric = async (name: string): Promise<string> =>
  (await catalog.telemetry.metrics.registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith(name))
    .join('\n');

test('another process has the snapshot when it is ready, and finds every record of it genuine', async () => {
  expect(await metric('authz_snapshot_bytes')).not.toMatch(/ 0$/m);
  expect(await metric('authz_records_ignored_total')).not.toContain('reason="signature"');
  expect(await metric('authz_mode')).toMatch(/ 1$/m);
});

test('who logs out is refused in another process, who stays is not', async () => {
  const [leaving, staying] = [await signIn(auth, tenant.member), await signIn(auth, tenant.viewer)];
  expect([await ping(leaving.accessToken), await ping(staying.accessToken)]).toEqual([200, 200]);
  const left = await auth.request('POST', '/api/v1/auth/logout', { token: leaving.accessToken });
  expect(left.status).toBe(204);
  await expect.poll(() => ping(leaving.accessToken), patient).toBe(401);
  expect(await ping(staying.accessToken)).toBe(200);
});

test('what a revoked key has signed is refused in another process, what the next one signs is not', async () => {
  const { accessToken: before } = await signIn(auth, tenant.member);
  expect(await ping(before)).toBe(200);
  const { kid } = await auth.ctx.signingKeys.active();
  await revokeSigningKey(auth.ctx, { kid, reason: 'lost' });
  await expect.poll(() => ping(before), patient).toBe(401);
  const { accessToken: after } = await signIn(auth, tenant.member);
  // Keys that could not be read in time are asked for again after a while.
  const now = (): Promise<number> => {
    auth.setClock();
    return ping(after);
  };
  await expect.poll(now, patient).toBe(200);
});
