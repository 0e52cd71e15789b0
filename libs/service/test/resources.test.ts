import { newId } from '@idp/contracts';
import { createTelemetry } from '@idp/telemetry';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openPeers, type Peers } from '../src/resources/open-peers.ts';
import type { ResourceSource } from '../src/resources/resource-source.ts';
import { resourceRoutes } from '../src/resources/routes.ts';
import { serviceUrls } from '../src/host/service-urls.ts';
import { startKernel, tokenOf, type Kernel } from './kernel.ts';

const tenantId = newId();
const teamId = newId();
const thing = { type: 'thing', id: 'one', tenantId, scope: { teamId }, attributes: { size: 3, tags: ['a'] } };

/** Knows one thing of one tenant. */
const source: ResourceSource = {
  describe: async ({ tenantId: asked, type, refs }) =>
    refs.map((ref) => (asked === tenantId && type === 'thing' && ref === 'thing:one' ? thing : undefined)),
  owners: async ({ teamIds }) => teamIds.map((id) => `group:${id}`),
};

let kernel: Kernel;
const opened: Peers[] = [];
beforeAll(async () => {
  kernel = await startKernel([resourceRoutes(source)]);
});
afterEach(async () => {
  for (const peers of opened.splice(0)) await peers[Symbol.asyncDispose]();
});
afterAll(() => kernel[Symbol.asyncDispose]());

const tokenOfService = (service: string) => () =>
  tokenOf('member', { sub: `service:${service}`, sty: 'service', sid: undefined, ep: undefined, aud: 'idp:demo' });

function peersOf(places: Parameters<typeof openPeers>[0]): Peers {
  const peers = openPeers(places, createTelemetry({ service: 'auth', version: '1', level: 'silent' }).metrics);
  opened.push(peers);
  return peers;
}

const overHttp = (service = 'auth'): ResourceSource =>
  peersOf({ serviceUrls: new Map([['demo', kernel.origin]]) }).resourcesOf('demo', tokenOfService(service));

test('a service in another process describes its objects to auth, in the order of the refs', async () => {
  const refs = ['thing:two', 'thing:one'];
  expect(await overHttp().describe({ tenantId, type: 'thing', refs })).toEqual([undefined, thing]);
  expect(await overHttp().describe({ tenantId: newId(), type: 'thing', refs })).toEqual([undefined, undefined]);
  expect(await overHttp().owners({ tenantId, type: 'thing', teamIds: [teamId] })).toEqual([`group:${teamId}`]);
});

test('to no other service and to no person', async () => {
  await expect(overHttp('catalog').describe({ tenantId, type: 'thing', refs: [] })).rejects.toThrow(/answered 403/);
  const body = JSON.stringify({ tenantId, type: 'thing', refs: [] });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await kernel.tokenOf('member')}` };
  for (const path of ['resources', 'owners']) {
    const answer = await fetch(`${kernel.origin}/internal/v1/authz/${path}`, { method: 'POST', headers, body });
    expect(answer.status).toBe(401);
  }
});

test('a service of the same process is asked without a token', async () => {
  const peers = peersOf({ peers: (service) => (service === 'demo' ? { resources: source } : undefined) });
  const here = peers.resourcesOf('demo', () => Promise.reject(new Error('nobody needs one')));
  expect(await here.describe({ tenantId, type: 'thing', refs: ['thing:one'] })).toEqual([thing]);
});

test('a service that cannot be asked is 503', async () => {
  const question = { tenantId, type: 'thing', refs: ['thing:one'] };
  const unknown = peersOf({ peers: () => undefined }).resourcesOf('demo', tokenOfService('auth'));
  await expect(unknown.describe(question)).rejects.toMatchObject({ status: 503 });
  const away = peersOf({ serviceUrls: new Map([['demo', 'http://127.0.0.1:1']]) });
  const gone = away.resourcesOf('demo', tokenOfService('auth')).describe(question);
  await expect(gone).rejects.toMatchObject({ status: 503 });
});

test('SERVICE_URLS names services and where they are', () => {
  const read = serviceUrls();
  expect(read.parse('catalog=http://catalog:8080/, data=https://data')).toEqual(
    new Map([
      ['catalog', 'http://catalog:8080'],
      ['data', 'https://data'],
    ]),
  );
  for (const wrong of ['catalog', 'catalog=ftp://x', '=http://x', 'Catalog=http://x'])
    expect(read.safeParse(wrong).success, wrong).toBe(false);
});
