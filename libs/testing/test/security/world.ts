import { Pool } from '../../src/hostile/openapi/pool.ts';
import { operationsOf } from '../../src/hostile/openapi/document.ts';
import { freshName } from '../../src/hostile/openapi/sample.ts';
import { outgoing, prepareOperations } from '../../src/hostile/target.ts';
import type { Arrangement, Fixture } from '../../src/hostile/target.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { TwoTenants } from '../../src/isolation/world.ts';
import { createPeople, credentialsOf, namesOf, signIn } from './people.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';

/** Two tenants of the same shape on a platform, filled through its API. */
export interface World extends TwoTenants {
  tenants: { a: Tenant; b: Tenant };
}

/** What the descriptions of operations do not say. Every entry is a request that succeeds. */
function arrangementsFor(platform: Platform, tenant: Tenant): Readonly<Record<string, Arrangement>> {
  const { letter, people } = tenant;
  const owner = people[`owner${letter}`];
  if (owner === undefined) throw new Error('no owner');
  const account = { email: owner.email, password: owner.password };
  return {
    logIn: { request: () => ({ body: account }), storesNothing: true },
    refreshSession: {
      request: async () => ({
        body: { refreshToken: (await signIn(platform, account.email, account.password)).refreshToken },
      }),
    },
    logOut: { as: `fresh:owner${letter}` },
    createNote: { request: () => ({ body: { title: freshName(), body: `a text of ${tenant.canary}` } }) },
  };
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
    pathValues: (names) => pool.find(names),
    logs: platform.logs,
  };
  // Three of everything that can be created, so that lists have pages.
  for (const prepared of prepareOperations(platform.targets, fixture).filter(({ operation }) =>
    operation.statuses.includes('201'),
  )) {
    for (let count = 0; count < 3; count++) {
      const request = await prepared.request();
      const answer = await send(
        prepared.target.baseUrl,
        await outgoing(prepared, request, JSON.stringify(request.body)),
      );
      if (answer.status >= 300)
        throw new Error(`${prepared.operation.id} was answered ${answer.status}: ${answer.body}`);
      pool.add(jsonOf(answer));
    }
  }
  return { tenantId: tenant.id, canary: tenant.canary, fixture };
}
