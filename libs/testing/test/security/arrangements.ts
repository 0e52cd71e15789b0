import { freshName } from '../../src/hostile/openapi/sample.ts';
import type { Arrangement } from '../../src/hostile/target.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import { accessArrangements } from './access-arrangements.ts';
import { auditArrangements } from './audit-arrangements.ts';
import { credentialArrangements } from './credential-arrangements.ts';
import { opsArrangements } from './ops-arrangements.ts';
import { signIn } from './people.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';
import { tenancyArrangements } from './tenancy-arrangements.ts';
import { tenantArrangements } from './tenant-arrangements.ts';

/** Something of a tenant made for one request, so that the request can change or end it. */
type Make = (target: string, body: object) => Promise<Record<string, unknown>>;

/** What the descriptions of operations do not say, by operation id. Every entry is a request that succeeds. */
export function arrangementsFor(platform: Platform, tenant: Tenant): Readonly<Record<string, Arrangement>> {
  const make = maker(platform, tenant);
  return {
    ...authArrangements(platform, tenant),
    ...entityArrangements(tenant),
    ...changing(platform, tenant, make),
    ...tenancyArrangements(platform, tenant),
    ...tenantArrangements(platform, tenant),
    ...accessArrangements(platform, tenant),
    ...auditArrangements(platform, tenant),
    ...credentialArrangements(platform, tenant),
    ...opsArrangements(platform, tenant),
  };
}

function authArrangements(platform: Platform, { letter, people }: Tenant): Record<string, Arrangement> {
  const owner = people[`owner${letter}`];
  if (owner === undefined) throw new Error('no owner');
  const account = { email: owner.email, password: owner.password };
  return {
    setUp: { impossible: 'somebody can sign in already' },
    logIn: { request: () => ({ body: account }), storesNothing: true, misses: { tenant: 401 } },
    refreshSession: {
      async request() {
        const { refreshToken } = await signIn(platform, account);
        return { body: { refreshToken } };
      },
    },
    logOut: { as: `fresh:owner${letter}` },
  };
}

/** Queries by body. They store nothing, so that an accepted text need not read back. */
function entityArrangements({ entity, canary }: Tenant): Record<string, Arrangement> {
  const [, namespace = '', name = ''] = /^component:([^/]+)\/(.*)$/.exec(entity) ?? [];
  const path = { kind: 'component', namespace, name };
  const validEntity = {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name: 'valid' },
    spec: { type: 'service', lifecycle: 'production', owner: 'guests' },
  };
  const query = (body: unknown): Arrangement => ({ request: () => ({ body }), storesNothing: true });
  return {
    getEntityFacets: { request: () => ({ query: { facet: 'kind' } }) },
    getEntitiesByRefs: query({ entityRefs: [entity] }),
    queryEntitiesByPredicate: query({ query: { 'metadata.name': name } }),
    queryEntityFacetsByPredicate: query({ facets: ['kind'] }),
    getLocationsByQuery: query({}),
    refreshEntity: { ...query({ entityRef: entity }), misses: { entityRef: 404 } },
    validateEntity: query({ entity: validEntity, location: 'url:https://example.org/catalog-info.yaml' }),
    getEntityByName: { request: () => ({ path }) },
    getEntityAncestryByName: { request: () => ({ path }) },
    getEntity: { request: () => ({ path }) },
    getLocationByEntity: { request: () => ({ path }) },
    createNote: { request: () => ({ body: { title: freshName(), body: `a text of ${canary}` } }) },
  };
}

function changing(platform: Platform, { canary }: Tenant, make: Make): Record<string, Arrangement> {
  const location = () => ({ type: 'url', target: platform.sources.urlOf(canary, freshName()) });
  const details = { ownerRef: 'group:default/guests', description: `a text of ${canary}` };
  const service = () => ({ name: freshName(), ...details });
  const newService = async () => {
    const { data } = (await make('/api/v1/services', service())) as { data: { id: string } };
    return data.id;
  };
  const newLocation = async () => {
    const made = (await make('/api/catalog/locations', location())) as { location: { id: string } };
    return made.location.id;
  };
  const kept = onceOnly(newService);
  const canonical = ['ownerRef', 'system'];
  return {
    createLocation: { request: () => ({ body: location() }) },
    registerService: { request: () => ({ body: service() }), canonical },
    updateLocation: { request: async () => ({ path: { id: await newLocation() }, body: location() }) },
    deleteLocation: { request: async () => ({ path: { id: await newLocation() } }) },
    replaceService: { request: async () => ({ path: { id: await kept() }, body: details }), canonical },
    updateService: {
      request: async () => ({ path: { id: await kept() }, body: { description: details.description } }),
      canonical,
    },
    deleteEntityByUid: { request: async () => ({ path: { uid: await newService() } }) },
  };
}

/** Made at the first call, the same ever after. */
function onceOnly<T>(create: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= create());
}

function maker(platform: Platform, { letter, people }: Tenant): Make {
  return async (target, body) => {
    const catalog = platform.targets.find((each) => each.name === 'catalog');
    const headers = { authorization: `Bearer ${people[`owner${letter}`]?.token}`, 'content-type': 'application/json' };
    const answer = await send(catalog?.baseUrl ?? '', { method: 'POST', target, headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`POST ${target} was answered ${answer.status}: ${answer.body}`);
    return jsonOf(answer) as Record<string, unknown>;
  };
}
