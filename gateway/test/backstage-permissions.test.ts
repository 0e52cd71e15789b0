import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigReader } from '@backstage/config';
import {
  createPermission,
  PermissionClient,
  type AuthorizePermissionRequest,
  type ResourcePermission,
} from '@backstage/plugin-permission-common';
import { ServerPermissionClient } from '@backstage/plugin-permission-node';
import { ingestDirectory, type CatalogContext } from '@idp/catalog-service';
import type { TestTenant } from '@idp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPlatform, type TestPlatform } from './start-platform.ts';

const ofEntity = (name: string) =>
  createPermission({ name: `catalog.entity.${name}`, attributes: {}, resourceType: 'catalog-entity' });
const [read, refresh, remove] = [ofEntity('read'), ofEntity('refresh'), ofEntity('delete')];
const create = createPermission({ name: 'catalog.entity.create', attributes: { action: 'create' } });
const createLocation = createPermission({ name: 'catalog.location.create', attributes: { action: 'create' } });

const payApi = 'component:default/pay-api';
const searchApi = 'component:default/search-api';

let platform: TestPlatform;
let tenant: TestTenant;
/** What Backstage's own client is configured with. */
let clients: Record<'single' | 'batched', PermissionClient>;
/** Programs with a role in the team payments, in all of the tenant, and nowhere. */
let keys: Record<'team' | 'whole' | 'none', string>;

beforeAll(async () => {
  platform = await startPlatform();
  tenant = await platform.fleet.tenant('acme');
  const { url } = platform.gateway;
  const discovery = { getBaseUrl: async (plugin: string) => `${url}/api/${plugin}` };
  const client = (more: object) =>
    new PermissionClient({ discovery, config: new ConfigReader({ permission: { enabled: true, ...more } }) });
  clients = { single: client({}), batched: client({ EXPERIMENTAL_enableBatchedRequests: true }) };
  const teams = await makeTeams();
  await ingest(teams);
  keys = {
    team: await makeProgram('of the team', { scopeType: 'team', scopeId: teams.payments }),
    whole: await makeProgram('of all', { scopeType: 'tenant' }),
    none: await makeProgram('of nothing', undefined),
  };
}, 120_000);
afterAll(() => platform?.[Symbol.asyncDispose]());

async function make(path: string, body: object): Promise<Record<string, string>> {
  const headers = { ...tenant.owner.headers, 'content-type': 'application/json' };
  const answer = await platform.gateway.fetch(`/api/v1${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([201, expect.anything()]);
  return (JSON.parse(text) as { data: Record<string, string> }).data;
}

async function makeTeams(): Promise<Record<'payments' | 'search', string>> {
  const { id: organizationId } = await make('/auth/organizations', { slug: 'music', name: 'Music' });
  const team = async (slug: string) => (await make('/teams', { slug, name: slug, organizationId })).id!;
  return { payments: await team('payments'), search: await team('search') };
}

async function ingest(teams: Record<string, string>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'idp-entities-'));
  const documents = Object.entries(teams).map(
    ([name, id]) => `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: ${name}, annotations: { idp/team-id: ${id} } }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: ${name === 'payments' ? 'pay' : 'search'}-api }
spec: { type: service, lifecycle: production, owner: ${name} }
`,
  );
  await writeFile(join(directory, 'catalog-info.yaml'), documents.join('---\n'));
  const catalog = platform.fleet.services.find(({ name }) => name === 'catalog')!;
  const { tenantId } = tenant;
  const input = { tenantId, directory, signal: AbortSignal.timeout(60_000) };
  await ingestDirectory(catalog.context as CatalogContext, input);
  await rm(directory, { recursive: true });
}

async function makeProgram(name: string, scope: object | undefined): Promise<string> {
  const { id } = await make('/auth/service-accounts', { name, scope: { type: 'tenant', id: tenant.tenantId } });
  if (scope !== undefined) {
    const grant = { principalType: 'service-account', principalId: id, roleId: 'member', ...scope };
    await make('/auth/role-bindings', grant);
  }
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  return (await make(`/auth/service-accounts/${id}/api-keys`, { name: 'backstage', scopes: ['*'], expiresAt })).key!;
}

const ask = async (token: string, ...requests: AuthorizePermissionRequest[]) =>
  (await clients.single.authorize(requests, { token })).map(({ result }) => result);
const entity = (permission: ResourcePermission, resourceRef: string) => ({ permission, resourceRef });

describe('the client of Backstage', () => {
  test('learns what people may do with an entity, by their roles', async () => {
    const about = [entity(read, payApi), entity(refresh, payApi), entity(remove, payApi)];
    expect(await ask(tenant.viewer.token, ...about)).toEqual(['ALLOW', 'DENY', 'DENY']);
    expect(await ask(tenant.member.token, ...about)).toEqual(['ALLOW', 'ALLOW', 'DENY']);
    expect(await ask(tenant.owner.token, ...about)).toEqual(['ALLOW', 'ALLOW', 'ALLOW']);
  });

  test('learns what people may make', async () => {
    const about = [{ permission: create }, { permission: createLocation }];
    expect(await ask(tenant.viewer.token, ...about)).toEqual(['DENY', 'DENY']);
    expect(await ask(tenant.member.token, ...about)).toEqual(['ALLOW', 'ALLOW']);
  });

  test('hears no of what no service knows, and of a resource of another type', async () => {
    const unknown = createPermission({ name: 'kubernetes.proxy', attributes: {} });
    const odd = createPermission({ name: 'catalog.entity.read', attributes: {}, resourceType: 'something' });
    const basic = createPermission({ name: 'catalog.entity.read', attributes: {} });
    const about = [{ permission: unknown }, entity(odd, payApi), { permission: basic }];
    expect(await ask(tenant.owner.token, ...about)).toEqual(['DENY', 'DENY', 'DENY']);
  });

  test('learns by team what lies where', async () => {
    const about = [entity(refresh, payApi), entity(refresh, searchApi), entity(refresh, 'component:default/none')];
    expect(await ask(keys.team, ...about)).toEqual(['ALLOW', 'DENY', 'DENY']);
    expect(await ask(keys.none, ...about)).toEqual(['DENY', 'DENY', 'DENY']);
    const batch = await clients.batched.authorize([...about, { permission: create }], { token: keys.team });
    expect(batch.map(({ result }) => result)).toEqual(['ALLOW', 'DENY', 'DENY', 'DENY']);
  });

  test('learns as a program which entities of all', async () => {
    const conditions = async (token: string) =>
      clients.single.authorizeConditional([{ permission: read }, { permission: remove }], { token });
    expect(await conditions(keys.whole)).toMatchObject([{ result: 'ALLOW' }, { result: 'DENY' }]);
    expect(await conditions(keys.none)).toMatchObject([{ result: 'DENY' }, { result: 'DENY' }]);
    expect(await conditions(keys.team)).toMatchObject([
      {
        result: 'CONDITIONAL',
        pluginId: 'catalog',
        resourceType: 'catalog-entity',
        conditions: {
          rule: 'IS_ENTITY_OWNER',
          resourceType: 'catalog-entity',
          params: { claims: ['group:default/payments'] },
        },
      },
      { result: 'DENY' },
    ]);
  });

  test('gets an error it understands for a person who names no resource', async () => {
    const asked = clients.single.authorizeConditional([{ permission: read }], { token: tenant.owner.token });
    await expect(asked).rejects.toMatchObject({ statusCode: 400, cause: { name: 'InputError' } });
    const nobody = clients.single.authorize([{ permission: create }]);
    await expect(nobody).rejects.toMatchObject({ statusCode: 401 });
  });
});

test('the client of its backends asks with the token of whoever they act for', async () => {
  const getBaseUrl = async (plugin: string) => `${platform.gateway.url}/api/${plugin}`;
  const discovery = { getBaseUrl, getExternalBaseUrl: getBaseUrl };
  const auth = {
    isPrincipal: (_credentials: unknown, type: string) => type === 'user',
    getPluginRequestToken: async ({ onBehalfOf }: { onBehalfOf: { token: string } }) => onBehalfOf,
  };
  const config = new ConfigReader({ permission: { enabled: true } });
  const client = ServerPermissionClient.fromConfig(config, { discovery, auth: auth as never });
  const credentials = (token: string) => ({ credentials: { token } as never });
  expect(await client.authorizeConditional([{ permission: read }], credentials(keys.team))).toMatchObject([
    { result: 'CONDITIONAL', conditions: { params: { claims: ['group:default/payments'] } } },
  ]);
  const mine = entity(remove, payApi);
  expect(await client.authorize([mine], credentials(tenant.owner.token))).toMatchObject([{ result: 'ALLOW' }]);
  expect(await client.authorize([mine], credentials(tenant.viewer.token))).toMatchObject([{ result: 'DENY' }]);
});

test('a policy that asks what an entity says decides about each, and about all of them it says no', async () => {
  const policy = {
    name: 'search stays as it is',
    permissions: ['catalog:entity:refresh'],
    condition: 'resource.name == "search-api"',
  };
  await make('/auth/policies', policy);
  expect(await ask(tenant.owner.token, entity(refresh, payApi), entity(refresh, searchApi))).toEqual(['ALLOW', 'DENY']);
  const [all] = await clients.single.authorizeConditional([{ permission: refresh }], { token: keys.whole });
  expect(all).toEqual(expect.objectContaining({ result: 'DENY' }));
});
