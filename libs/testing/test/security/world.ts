import { Pool } from '../../src/hostile/openapi/pool.ts';
import { operationsOf } from '../../src/hostile/openapi/document.ts';
import { outgoing, prepareOperations } from '../../src/hostile/target.ts';
import type { Fixture, PreparedOperation } from '../../src/hostile/target.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { TwoTenants } from '../../src/isolation/world.ts';
import { arrangementsFor } from './arrangements.ts';
import { createPeople, credentialsOf, namesOf } from './people.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';

/** Two tenants of the same shape on a platform, filled through its API. */
export interface World extends TwoTenants {
  tenants: { a: Tenant; b: Tenant };
}

export async function createWorld(platform: Platform): Promise<World> {
  const [a, b] = [await createPeople(platform, 'A'), await createPeople(platform, 'B')];
  await platform.drain();
  const sides = [a, b].map((tenant) => ({ tenant, pool: new Pool() }));
  const [left, right] = await Promise.all(sides.map(({ tenant, pool }) => fill(platform, tenant, pool, [a, b])));
  if (left === undefined || right === undefined) throw new Error('two tenants make two sides');
  return { targets: platform.targets, tenants: { a, b }, a: left, b: right };
}

async function fill(
  platform: Platform,
  tenant: Tenant,
  pool: Pool,
  tenants: readonly Tenant[],
): Promise<TwoTenants['a']> {
  const arrangements = Object.fromEntries(
    platform.targets
      .flatMap((target) => operationsOf(target.document))
      .map(({ id }) => [id, { as: `owner${tenant.letter}`, ...arrangementsFor(platform, tenant)[id] }]),
  );
  const fixture: Fixture = {
    names: namesOf(tenants),
    credentials: credentialsOf(platform, tenants),
    arrangements,
    pathValues: (names, operation) => pool.find(names, operation.path),
    logs: platform.logs,
  };
  pool.add(await registerComponent(platform, tenant, fixture), '/api/catalog/entities');
  // What is only read is there beforehand: the suites compare the rows of a tenant before and after.
  const reads = prepareOperations(platform.targets, fixture).filter(({ operation }) => operation.method === 'GET');
  for (const prepared of reads) await prepared.request();
  // Two of everything that can be created, so that lists have pages.
  for (const prepared of prepareOperations(platform.targets, fixture).filter(({ operation }) =>
    operation.statuses.includes('201'),
  )) {
    for (let count = 0; count < 2; count++) {
      const request = await prepared.request();
      const answer = await send(
        prepared.target.baseUrl,
        await outgoing(prepared, request, JSON.stringify(request.body)),
      );
      if (answer.status >= 300)
        throw new Error(`${prepared.operation.id} was answered ${answer.status}: ${answer.body}`);
      pool.add(jsonOf(answer), prepared.operation.path);
    }
  }
  return { tenantId: tenant.id, canary: tenant.canary, fixture };
}

/** The component that lookups by name find, from a location of its own. */
async function registerComponent(platform: Platform, { canary, entity }: Tenant, fixture: Fixture): Promise<unknown> {
  const prepared = prepareOperations(platform.targets, fixture).find(
    ({ operation }) => operation.id === 'createLocation',
  );
  if (prepared === undefined) return undefined;
  const body = { type: 'url', target: platform.sources.urlOf(canary, entity.slice(entity.indexOf('/') + 1)) };
  const request = await prepared.request();
  await send(prepared.target.baseUrl, await outgoing(prepared, request, JSON.stringify(body)));
  return visible(prepared, entity);
}

async function visible(prepared: PreparedOperation, entity: string): Promise<unknown> {
  const deadline = performance.now() + 20_000;
  const target = `/api/catalog/entities/by-name/${entity.replace(':', '/')}`;
  while (performance.now() < deadline) {
    const answer = await send(prepared.target.baseUrl, { method: 'GET', target, headers: await prepared.headers() });
    if (answer.status === 200) return jsonOf(answer);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${entity} did not appear`);
}
