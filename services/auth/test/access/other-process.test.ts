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
import { advanceVerificationKeys } from '../../src/operations/credentials/verification-keys.ts';
import { callerFor } from '../support/administration.ts';
import { send } from '../support/http-client.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

vi.setConfig({ testTimeout: 120_000 });
/** On a busy machine a record may take its time to the bus and back. */
const patient = { timeout: 90_000, interval: 50 };

let directory: string;
let auth: RunningAuth;
let catalog: RunningService;
let startCatalog: () => Promise<void>;
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
  startCatalog = async () => {
    catalog = await startService(definitionOf(pathToFileURL(join(directory, 'migrations/'))), {
      ...auth.host,
      databaseUrls: auth.database.urlsFor('catalog'),
      remote: remotePorts({ authUrl: auth.url, serviceKey: key }),
      auth: { url: auth.url, key },
    });
    await catalog.permitted();
    url = await catalog.app.listen({ host: '127.0.0.1', port: 0 });
  };
  await startCatalog();
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
    permissions: {
      'catalog:thing:read': { description: 'Read', resource: 'thing', role: 'viewer' },
      'catalog:thing:manage': { description: 'Manage', resource: 'thing', role: 'admin' },
    },
    createContext: () => ({}),
    routes: () => [
      async (app) => {
        const answers = (name: string, config: { access: 'authenticated' } | { permission: string }) =>
          app.get(
            `/api/v1/catalog/${name}`,
            { config, schema: { operationId: name, response: { 200: envelope(z.object({})) } } },
            async () => ({ data: {} }),
          );
        answers('ping', { access: 'authenticated' });
        answers('things', { permission: 'catalog:thing:read' });
        answers('manage', { permission: 'catalog:thing:manage' });
      },
    ],
  });
}

const get = async (name: string, token: string): Promise<number> =>
  (await send(url, 'GET', `/api/v1/catalog/${name}`, { token })).status;
const ping = (token: string): Promise<number> => get('ping', token);
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

/** The hourly job of auth, with keys that are so many days older. */
async function daysLater(days: number): Promise<void> {
  const older =
    'created_at = created_at - make_interval(days => $1), activated_at = activated_at - make_interval(days => $1)';
  await auth.sql.query(`update auth.verification_keys set ${older}`, [days]);
  await advanceVerificationKeys(auth.ctx);
}
const keyOfHead = async (tenantId: string): Promise<string | undefined> => {
  const text = 'select kid from auth.access_heads where tenant_id = $1';
  return (await auth.sql.query<{ kid: string }>(text, [tenantId])).rows[0]?.kid;
};

test('the keys of the snapshot are replaced under another process, and one that starts afterwards believes what the old ones signed', async () => {
  const quiet = await makeTenant(auth, 'quiet');
  const old = await keyOfHead(quiet.id);
  await daysLater(30);
  await daysLater(1);
  // Keys that are not known are read again after a while; the next one has been published for a day by the time it signs.
  auth.setClock(15_000);
  const owner = await callerFor(auth, tenant.owner);
  expect((await owner.patch(`/api/v1/users/${tenant.member.id}`, { role: 'tenant-admin' })).status).toBe(200);
  const current = await keyOfHead(tenant.id);
  expect(current).not.toBe(old);
  expect(await keyOfHead(quiet.id)).toBe(old);
  const [changed, untouched] = [await signIn(auth, tenant.member), await signIn(auth, quiet.viewer)];
  const answers = () => Promise.all([get('manage', changed.accessToken), get('things', untouched.accessToken)]);
  await expect.poll(answers, patient).toEqual([200, 200]);
  expect(await metric('authz_records_ignored_total')).not.toContain('reason="signature"');

  await catalog.stop({ deadlineMs: 5_000 });
  await startCatalog();
  await expect.poll(answers, patient).toEqual([200, 200]);
  expect(await keyOfHead(quiet.id)).toBe(old);
  expect(await metric('authz_records_ignored_total')).not.toContain('reason="signature"');
});
