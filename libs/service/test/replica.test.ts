import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { headKey, readServiceKey, shardMessage, signHead, signRevoked, type Revoked } from '@idp/auth';
import { decodeEvent, newId, platformTenantId } from '@idp/contracts';
import { startTestService, type SignedTenant, type TestService } from '@idp/testing';
import { demoWithTopics } from './demo-service.ts';

/** For conditions that come true within seconds on an idle machine. */
const patience = { timeout: 60_000, interval: 50 };
vi.setConfig({ testTimeout: 150_000, hookTimeout: 120_000 });

const access = keyPair('access-1');
const thief = keyPair('access-1');
const serviceKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });

let auth: Server;
let asked: { path: string; authorization: string | undefined }[];
let service: TestService;
let tenant: SignedTenant;

function keyPair(kid: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'access' }, signer: { kid, privateKey } };
}

/** What a service in a process of its own asks auth for. */
function answerAsAuth(path: string): [number, object] {
  if (path === '/internal/v1/token') return [200, { data: { token: 'service-token', expiresIn: 300 } }];
  if (path === '/internal/v1/verification-keys') return [200, { keys: [access.jwk, { ...thief.jwk, use: 'audit' }] }];
  return [404, { error: { code: 'NOT_FOUND' } }];
}

beforeAll(async () => {
  asked = [];
  auth = createServer((req, res) => {
    const path = req.url!;
    asked.push({ path, authorization: req.headers.authorization });
    const [status, body] = answerAsAuth(path);
    res.writeHead(status).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(auth, 'listening');
  const key = await readServiceKey('catalog', JSON.stringify({ ...serviceKey, kid: 'catalog-1' }));
  const url = `http://127.0.0.1:${(auth.address() as AddressInfo).port}`;
  service = await startTestService({ service: demoWithTopics, auth: { url, key } });
  tenant = await service.tenant();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  auth.closeAllConnections();
  auth.close();
});

const read = async (token: string): Promise<number> =>
  (await service.request('GET', `/api/v1/notes/${newId()}`, { token })).status;

async function revoke(revoked: Omit<Revoked, 'at' | 'tenantId'>, { signer } = access): Promise<void> {
  const signed = signRevoked({ at: Date.now(), tenantId: tenant.id, ...revoked }, signer);
  await service.emit('auth', tenant.id, {
    type: 'idp.auth.v1.CredentialRevoked',
    aggregateId: revoked.id,
    data: signed,
  });
}

test('what auth revokes is refused here, and what somebody else revokes is not', async () => {
  const [first, second] = [tenant.member.token, tenant.viewer.token].map((token) => decodeJwt(token)['sid'] as string);
  expect([await read(tenant.member.token), await read(tenant.viewer.token)]).toEqual([404, 404]);
  await revoke({ kind: 'session', id: first! }, thief);
  await revoke({ kind: 'session', id: second! });
  await vi.waitFor(async () => expect(await read(tenant.viewer.token)).toBe(401), patience);
  expect(await read(tenant.member.token)).toBe(404);
  expect(await metric('authz_records_ignored_total')).toContain('reason="signature"');
  expect(await metric('authz_revocation_seconds_count')).toMatch(/ 1$/m);
  await revoke({ kind: 'tenant', id: tenant.id, version: 1 });
  await vi.waitFor(async () => expect(await read(tenant.member.token)).toBe(401), patience);
});

test('a tenant that has advanced and did not arrive is asked for, with the credential of the service', async () => {
  const advanced = newId();
  await service.emit('auth', advanced, {
    type: 'idp.auth.v1.AccessAdvanced',
    aggregateId: 'advanced',
    data: { version: 7n },
  });
  const path = `/internal/v1/access/${advanced}`;
  await vi.waitFor(() => expect(asked.map((call) => call.path)).toContain(path), patience);
  expect(asked.find((call) => call.path === path)).toEqual({ path, authorization: 'Bearer service-token' });
});

test('records of the snapshot are taken as they come', async () => {
  const known = newId();
  const text = '{"status":"active"}';
  const sha256 = '31';
  await service.emit('auth', known, {
    type: 'idp.auth.v1.AccessShardPublished',
    aggregateId: 'tenant',
    data: shardMessage({ name: 'tenant', version: 1, text }),
  });
  const head = { tenantId: known, version: 1, shards: { tenant: { version: 1, sha256: sha256.padEnd(64, '0') } } };
  await service.emit('auth', known, {
    type: 'idp.auth.v1.AccessHeadPublished',
    aggregateId: headKey,
    data: signHead(head, access.signer),
  });
  // The shard is not the one the head names: it is dropped, told, and the tenant asked for.
  await vi.waitFor(
    async () => expect(await metric('authz_records_ignored_total')).toContain('reason="digest"'),
    patience,
  );
  const path = `/internal/v1/access/${known}`;
  await vi.waitFor(() => expect(asked.map((call) => call.path)).toContain(path), patience);
});

test('how old the snapshot may be is shown', async () => {
  await vi.waitFor(async () => {
    await service.emit('auth', platformTenantId, { type: 'idp.auth.v1.AccessBeat', aggregateId: 'beat', data: {} });
    expect(await metric('authz_mode')).toMatch(/ 1$/m);
  }, patience);
  expect(await metric('authz_snapshot_age_seconds')).toMatch(/ \d/);
  expect(await metric('authz_snapshot_bytes')).toMatch(/ \d+$/m);
});

test('a start tells auth which permissions there are', async () => {
  const client = new pg.Client({ connectionString: service.adminUrl });
  await client.connect();
  try {
    const onBus = async () =>
      (
        await client.query<{ payload: Buffer }>(
          "select payload from bus.records where topic = 'idp.catalog.permissions.v1'",
        )
      ).rows;
    await vi.waitFor(async () => expect(await onBus()).toHaveLength(1), patience);
    const [record] = await onBus();
    const { tenantId, service: name, body } = decodeEvent('idp.common.v1.PermissionManifestPublished', record!.payload);
    expect([tenantId, name]).toEqual([platformTenantId, 'catalog']);
    expect(JSON.parse(body)).toEqual({ permissions: demoWithTopics.permissions, calls: demoWithTopics.calls });
  } finally {
    await client.end();
  }
});

async function metric(name: string): Promise<string> {
  const lines = (await service.running.telemetry.metrics.registry.metrics()).split('\n');
  return lines.filter((line) => line.startsWith(name)).join('\n');
}
