import { vi } from 'vitest';
import { freshName } from '../../../src/hostile/openapi/sample.ts';
import { jsonOf, send } from '../../../src/hostile/wire/client.ts';
import type { Tenant } from '../people.ts';
import type { Platform } from '../platform.ts';
import type { Principals } from '../principals.ts';
import type { Apart } from './apart.ts';
import { patient } from './apart.ts';
import { readRecords, type BusRecord } from './records.ts';

export const accessTopic = 'idp.auth.access.v1';
export const headType = 'idp.auth.v1.AccessHeadPublished';
export const shardType = 'idp.auth.v1.AccessShardPublished';

/** Somebody without a role, to whom auth gives one and takes it away. */
export interface Subject {
  /** What the process apart lets them do: `r` read services, `v` check documents. */
  rights(): Promise<string>;
  /** Gives a role for this alone; the records by which auth says so. */
  give(what: 'r' | 'v'): Promise<BusRecord[]>;
  /** Lets the role given last allow this instead. */
  change(what: 'r' | 'v'): Promise<BusRecord[]>;
  /** Takes every role; resolves when the process apart knows. */
  takeAll(): Promise<void>;
}

const permissions = { r: 'catalog:service:read', v: 'catalog:entity:validate' };
const document = {
  entity: {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name: 'valid' },
    spec: { type: 'service', lifecycle: 'production', owner: 'guests' },
  },
  location: 'url:https://example.org/catalog-info.yaml',
};

export interface Scene {
  platform: Platform;
  principals: Principals;
  /** A and B. */
  tenants: readonly Tenant[];
  apart: Apart;
}

export function createSubject({ platform, principals, tenants, apart }: Scene, name: string): Subject {
  const tenantId = tenants[0]!.id;
  const given: { binding: string; role: string }[] = [];

  async function call(method: string, target: string, body?: object): Promise<{ id: string }> {
    const headers = {
      ...(await principals.credentials('ownerA')),
      'if-match': '*',
      'content-type': 'application/json',
    };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const url = platform.fleet.baseUrl('auth');
    const answer = await send(url, { method, target: `/api/v1/auth/${target}`, headers, ...json });
    if (answer.status >= 300) throw new Error(`${method} ${target} was answered ${answer.status}: ${answer.body}`);
    return (jsonOf(answer) as { data?: { id: string } } | undefined)?.data ?? { id: '' };
  }

  /** What a change put on the bus, once it is there whole and auth has read it itself. */
  async function recordsOf(change: () => Promise<unknown>): Promise<BusRecord[]> {
    const before = new Set((await readRecords(platform, accessTopic, tenantId)).map(placeOf));
    await change();
    await platform.fleet.drain();
    const added = async () =>
      (await readRecords(platform, accessTopic, tenantId)).filter((record) => !before.has(placeOf(record)));
    await vi.waitUntil(async () => (await added()).some(({ headers }) => headers['ce_type'] === headType), patient);
    return added();
  }

  async function status(method: string, target: string, body?: object): Promise<number> {
    const headers = { ...(await principals.credentials(name)), 'content-type': 'application/json' };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    return (await send(apart.baseUrl, { method, target, headers, ...json })).status;
  }

  async function rights(): Promise<string> {
    const reads = await status('GET', '/api/v1/services?limit=1');
    const validates = await status('POST', '/api/catalog/validate-entity', document);
    return `${reads === 200 ? 'r' : '-'}${validates === 200 ? 'v' : '-'}`;
  }

  return {
    rights,
    give: (what) =>
      recordsOf(async () => {
        const rules = [{ permission: permissions[what], effect: 'allow' }];
        const { id: role } = await call('POST', 'roles', { name: freshName(), rules });
        const principalId = principals.names(`${name}.id`);
        const grant = { principalType: 'user', principalId, roleId: role, scopeType: 'tenant' };
        const { id: binding } = await call('POST', 'role-bindings', grant);
        given.push({ binding, role });
      }),
    change: (what) =>
      recordsOf(async () => {
        const rules = [{ permission: permissions[what], effect: 'allow' }];
        await call('PATCH', `roles/${given.at(-1)!.role}`, { rules });
      }),
    async takeAll() {
      for (const { binding } of given.splice(0)) await call('DELETE', `role-bindings/${binding}`);
      await vi.waitUntil(async () => (await rights()) === '--', patient);
    },
  };
}

export function placeOf({ part, offset }: BusRecord): string {
  return `${part}:${offset}`;
}
