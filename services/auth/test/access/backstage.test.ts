import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readServiceKey, remotePorts } from '@idp/auth';
import { defineService, startService, type RunningService } from '@idp/service';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { revokeSigningKey } from '../../src/operations/credentials/signing-keys.ts';
import { callerFor, type Caller } from '../support/administration.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

vi.setConfig({ testTimeout: 120_000 });
const patient = { timeout: 90_000, interval: 50 };

let directory: string;
let auth: RunningAuth;
/** A service in a process of its own that knows things, each in a team. */
let catalog: RunningService | undefined;
let tenant: TestTenant;
/** Holds a role in the team web alone. */
let guest: Caller;
const teams: Record<string, string> = {};
const serviceUrls = new Map<string, string>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-backstage-'));
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const file = join(directory, 'keys.json');
  await writeFile(file, JSON.stringify({ catalog: [{ ...(await exportJWK(pair.publicKey)), kid: 'catalog-1' }] }));
  const privateJwk = { ...(await exportJWK(pair.privateKey)), kid: 'catalog-1' };
  const key = await readServiceKey('catalog', JSON.stringify(privateJwk));
  auth = await startAuth({ env: { SERVICE_KEYS_FILE: file }, serviceUrls });
  tenant = await makeTenant(auth, 'acme');
  await mkdir(join(directory, 'migrations'));
  const started = await startService(thingService(pathToFileURL(join(directory, 'migrations/'))), {
    ...auth.host,
    databaseUrls: auth.database.urlsFor('catalog'),
    remote: remotePorts({ authUrl: auth.url, serviceKey: key }),
    auth: { url: auth.url, key },
  });
  catalog = started;
  await started.permitted();
  serviceUrls.set('catalog', await started.app.listen({ host: '127.0.0.1', port: 0 }));
  await arrange();
}, 300_000);
afterAll(async () => {
  await catalog?.stop({ deadlineMs: 5_000 });
  await auth?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function thingService(migrations: URL) {
  return defineService({
    name: 'catalog',
    description: 'knows things',
    config: z.object({}),
    migrations,
    permissions: {
      'catalog:thing:read': {
        description: 'Read',
        resource: 'thing',
        role: 'viewer',
        backstage: { name: 'thing.read', resourceType: 'a-thing' },
      },
    },
    createContext: () => ({}),
    routes: () => [],
    resources: () => ({
      describe: async ({ tenantId, refs }) =>
        refs.map((ref) => (ref in teams ? { type: 'thing', tenantId, scope: { teamId: teams[ref]! } } : undefined)),
      owners: async () => [],
    }),
  });
}

async function arrange(): Promise<void> {
  const owner = await callerFor(auth, tenant.owner);
  const { id: organizationId } = await owner.make('/api/v1/auth/organizations', { slug: 'music', name: 'Music' });
  for (const slug of ['web', 'ops'])
    teams[slug] = (await owner.make('/api/v1/teams', { slug, name: slug, organizationId })).id;
  const bindings = '/api/v1/auth/role-bindings';
  const wide = await owner.get(`${bindings}?principalId=${tenant.viewer.id}`);
  for (const { id } of wide.body.data as { id: string }[]) await owner.delete(`${bindings}/${id}`);
  const user = { principalType: 'user', principalId: tenant.viewer.id };
  await owner.make(bindings, { ...user, roleId: 'viewer', scopeType: 'team', scopeId: teams['web'] });
  guest = await callerFor(auth, tenant.viewer);
}

const permission = { type: 'resource', name: 'thing.read', attributes: {}, resourceType: 'a-thing' };
const ask = (who: Caller, ...refs: unknown[]) =>
  who.post('/api/permission/authorize', {
    items: refs.map((resourceRef, index) => ({ id: String(index), permission, resourceRef })),
  });

test('what a ref names is asked of the service in the other process, by a token that ends with its key', async () => {
  const first = await ask(guest, 'web', 'ops', ['ops', 'web', 'nothing']);
  expect([first.status, first.body]).toEqual([
    200,
    {
      items: [
        { id: '0', result: 'ALLOW' },
        { id: '1', result: 'DENY' },
        { id: '2', result: ['DENY', 'ALLOW', 'DENY'] },
      ],
    },
  ]);
  const { kid } = await auth.ctx.signingKeys.active();
  await revokeSigningKey(auth.ctx, { kid, reason: 'lost' });
  const again = await callerFor(auth, tenant.viewer);
  // The other process asks for keys again after a while.
  const answer = async (): Promise<unknown> => {
    auth.setClock();
    return (await ask(again, 'web')).body;
  };
  await expect.poll(answer, patient).toEqual({ items: [{ id: '0', result: 'ALLOW' }] });
});

test('while the service is away what depends on it is 503, the rest is answered', async () => {
  const [member, viewer] = [await callerFor(auth, tenant.member), await callerFor(auth, tenant.viewer)];
  await catalog?.stop({ deadlineMs: 5_000 });
  catalog = undefined;
  const refused = await ask(viewer, 'web');
  expect([refused.status, refused.body.error.name]).toEqual([503, 'ServiceUnavailableError']);
  expect((await ask(member, 'web')).body).toEqual({ items: [{ id: '0', result: 'ALLOW' }] });
});
